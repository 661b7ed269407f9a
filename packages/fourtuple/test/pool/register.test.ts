import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { because } from '../support/because.ts';
import { enterFreshNamespace, liveTestObstacle, setSysctl } from '../support/namespace.ts';
import { Programs } from './matrix/programs.ts';
import { full, makeCertificate, PORT_RANGE, PORTS } from './matrix/servers.ts';

const obstacle = liveTestObstacle();
const withIp = spawnSync('ip', ['-V']).status === 0 ? undefined : 'ip of iproute2 is not installed';
const certificate = obstacle === undefined ? makeCertificate() : undefined;
const secure = certificate === undefined ? {} : { key: certificate.key.toString(), cert: certificate.cert.toString() };
const clients = ['net', 'http', 'undici http', ...(certificate === undefined ? [] : ['tls', 'https', 'http2', 'undici https'])];
/** Where ports are short, most of what a program may print. */
const shortage = /^80 of the 100 ports from/;

describe.skipIf(obstacle !== undefined)(`node --import fourtuple/register${because(obstacle)}`, () => {
  const programs = new Programs();

  beforeAll(async () => programs.install());
  afterAll(() => programs.close());

  beforeEach(() => {
    enterFreshNamespace();
    setSysctl('ipv4/ip_local_port_range', PORT_RANGE);
  });

  describe(`programs that know nothing of it, with ${PORTS} ports`, () => {
    it('without it, localAddress has one range for all destinations', () => {
      expect(programs.runPlain({ clients: ['net'], count: 2 * PORTS, localAddress: '127.0.0.5' }, { flags: [] })).toMatchObject({ net: { opened: PORTS } });
    });

    it('localAddress has a range for each destination', { timeout: 300_000 }, () => {
      const results = programs.runPlain({ clients, count: 2 * PORTS, localAddress: '127.0.0.5', ...secure });
      expect(Object.keys(results).length).toBeGreaterThanOrEqual(clients.length);
      expect(results).toEqual(Object.fromEntries(Object.keys(results).map((name) => [name, full(2 * PORTS)])));
    });

    // Those of more handshakes are in nodes.test.ts.
    it('four sources, evenly, and fetch() of Node', { timeout: 300_000 }, () => {
      const results = programs.runPlain({ clients: ['net', 'http', 'fetch', 'undici http', ...(certificate === undefined ? [] : ['tls'])], count: 8 * PORTS, ...secure }, { env: { FOURTUPLE_SOURCES: '127.0.0.5-127.0.0.8' } });
      expect(Object.keys(results).length).toBeGreaterThanOrEqual(5);
      expect(results).toEqual(Object.fromEntries(Object.keys(results).map((name) => [name, full(8 * PORTS)])));
    });
  });

  const two = 'await listen(20_001); await listen(20_002);';

  describe('reaches every client socket', () => {
    it.each([['by --import', ['--import', 'fourtuple/register']], ['by --require', ['--require', 'fourtuple/register']]])('of a CommonJS module, %s', (_, flags) => {
      const { out, code } = programs.run(`
        import { createRequire } from 'node:module';
        const { connect } = createRequire(import.meta.url)('net');
        ${two}
        print(await connected(connect(20_001, '127.0.0.1')));
        process.exit(3);`, { flags, env: { FOURTUPLE_SOURCES: '127.0.0.5' } });
      expect({ out, code }).toEqual({ out: ['127.0.0.5'], code: 3 });
    });

    it('of worker threads', () => {
      const { out } = programs.run(`
        import { Worker, isMainThread, parentPort } from 'node:worker_threads';
        import { stats } from 'fourtuple/register';
        if (isMainThread) {
          ${two}
          const worker = new Worker(new URL(import.meta.url));
          print((await once(worker, 'message'))[0]);
          print(stats().sources);
          process.exit();
        } else parentPort.postMessage([await many(200), stats().sources.map(({ address, open }) => [address, open])]);`, { env: { FOURTUPLE_SOURCES: '127.0.0.5' } });
      expect(out).toMatchObject([[200, [['127.0.0.5', 200]]], [{ address: '127.0.0.5', open: 0 }]]);
    });

    it('of the workers of a cluster, whose listeners are as ever', () => {
      const { out } = programs.run(`
        import cluster from 'node:cluster';
        if (cluster.isPrimary) {
          ${two}
          const worker = cluster.fork();
          print((await once(worker, 'message'))[0]);
          const socket = net.connect(20_003, '127.0.0.1');
          print([await connected(socket), String((await once(socket, 'data'))[0])]);
          process.exit();
        } else {
          await listen(20_003, '127.0.0.1', net.createServer((socket) => socket.end('from ' + socket.remoteAddress)));
          process.send(await many(200));
        }`, { env: { FOURTUPLE_SOURCES: '127.0.0.5' } });
      expect(out).toEqual([200, ['127.0.0.5', 'from 127.0.0.5']]);
    });

    it.skipIf(certificate === undefined)(`of TLS, by a name with several addresses${because(certificate === undefined ? 'openssl is not installed' : undefined)}`, () => {
      const { out } = programs.run(`
        import tls from 'node:tls';
        await listen(20_001, '127.0.0.1', tls.createServer(${JSON.stringify(secure)}, (socket) => socket.end('from ' + socket.remoteAddress)));
        const lookup = (_, __, callback) => callback(null, [{ address: '127.0.0.99', family: 4 }, { address: '127.0.0.1', family: 4 }]);
        const options = { host: 'service.example', port: 20_001, lookup, autoSelectFamily: true, rejectUnauthorized: false };
        const socket = tls.connect(options);
        print([String((await once(socket, 'data'))[0]), socket.localAddress, socket.autoSelectFamilyAttemptedAddresses]);
        const plain = net.connect(options);
        print([await connected(plain), plain.autoSelectFamilyAttemptedAddresses]);
        const { stats } = await import('fourtuple/register');
        print(stats().sources.map(({ address, connects }) => [address, connects]));
        process.exit();`, { env: { FOURTUPLE_SOURCES: '127.0.0.5' } });
      const attempted = ['127.0.0.99:20001', '127.0.0.1:20001'];
      expect(out).toEqual([['from 127.0.0.5', '127.0.0.5', attempted], ['127.0.0.5', attempted], [['127.0.0.5', 4]]]);
    });

    it('that is connected again after it was closed', () => {
      const { out } = programs.run(`
        ${two}
        const socket = new net.Socket();
        for (const port of [20_001, 20_002, 20_001]) {
          print(await connected(socket.connect(port, '127.0.0.1')));
          socket.destroy();
          await once(socket, 'close');
        }
        const { stats } = await import('fourtuple/register');
        print([stats().sources[0].open, stats().sources[0].connects]);
        process.exit();`, { env: { FOURTUPLE_SOURCES: '127.0.0.5' } });
      expect(out).toEqual(['127.0.0.5', '127.0.0.5', '127.0.0.5', [0, 3]]);
    });
  });

  describe('leaves alone', () => {
    it('listeners, what they accept, and explicit ports', () => {
      const { out } = programs.run(`
        const server = await listen(0, '127.0.0.9');
        const { address, port } = server.address();
        const client = net.connect({ host: address, port, localPort: 40_007, localAddress: '127.0.0.10' });
        const [accepted] = await once(server, 'connection');
        print([address, port >= 40_000 && port < 40_100]);
        print([accepted.localAddress, accepted.remoteAddress, accepted.remotePort, Object.hasOwn(accepted, '_handle'), client.localPort]);
        const without = net.connect({ host: address, port, localPort: 40_008 });
        print([await connected(without), without.localPort]);
        await listen(20_001, '0.0.0.0');
        const { stats } = await import('fourtuple/register');
        print(stats().tuples);
        process.exit();`, { env: { FOURTUPLE_SOURCES: '127.0.0.5' } });
      expect(out).toEqual([['127.0.0.9', true], ['127.0.0.9', '127.0.0.10', 40_007, false, 40_007], ['127.0.0.1', 40_008], []]);
    });

    it.skipIf(certificate === undefined)(`sockets of a path, of TLS too${because(certificate === undefined ? 'openssl is not installed' : undefined)}`, () => {
      const { out } = programs.run(`
        import tls from 'node:tls';
        const [path, secure] = [process.cwd() + '/echo.sock', process.cwd() + '/tls.sock'];
        net.createServer((socket) => socket.pipe(socket)).listen(path);
        tls.createServer(${JSON.stringify(secure)}, (socket) => socket.pipe(socket)).listen(secure);
        for (const socket of [net.connect(path), tls.connect({ path: secure, rejectUnauthorized: false }), tls.connect({ socket: net.connect(secure), rejectUnauthorized: false })]) {
          socket.write('hello');
          print(String((await once(socket, 'data'))[0]));
        }
        process.exit();`, { env: { FOURTUPLE_SOURCES: '127.0.0.5' } });
      expect(out).toEqual(['hello', 'hello', 'hello']);
    });

    it('a connector that the program makes itself', () => {
      const { out } = programs.run(`
        import { createConnector } from 'fourtuple/pool';
        ${two}
        const connector = createConnector({ sources: '127.0.0.7' });
        print(await connected(connector.connect({ host: '127.0.0.1', port: 20_001 })));
        print(await connected(createConnector().connect({ host: '127.0.0.1', port: 20_001 })));
        process.exit();`, { env: { FOURTUPLE_SOURCES: '127.0.0.5' } });
      expect(out).toEqual(['127.0.0.7', '127.0.0.1']);
    });

    it.skipIf(withIp !== undefined).each([
      ['loopback, where the sources are of another network', '192.0.2.5', ['127.0.0.1', '192.0.2.5', '127.0.0.1']],
      ['other networks, where the sources are of loopback', '127.0.0.5', ['127.0.0.5', '192.0.2.1', '127.0.0.5']],
    ])(`%s${because(withIp)}`, (_, sources, expected) => {
      const set = spawnSync('ip', ['-batch', '-'], { input: 'address add 192.0.2.1/24 dev lo\naddress add 192.0.2.5/24 dev lo\n', encoding: 'utf8' });
      const { out } = programs.run(`
        await listen(20_001, '0.0.0.0');
        for (const host of ['127.0.0.1', '192.0.2.1', 'localhost']) print(await connected(net.connect({ host, port: 20_001, family: 4 })));
        process.exit();`, { env: { FOURTUPLE_SOURCES: sources } });
      expect({ out, err: set.stderr }).toEqual({ out: expected, err: '' });
    });
  });

  describe('fails open, with one warning', () => {
    const program = `
      ${two}
      print([await connected(net.connect(20_001, '127.0.0.1')), await connected(net.connect({ host: '127.0.0.1', port: 20_002, localAddress: '127.0.0.9' }))]);
      const { Worker, isMainThread } = await import('node:worker_threads');
      const worker = new Worker('require("net").connect(20001, "127.0.0.1").destroy()', { eval: true });
      await once(worker, 'exit');
      const { stats } = await import('fourtuple/register');
      print(stats()?.mode ?? 'none');
      process.exit(7);`;

    it.each([
      [{ FOURTUPLE_SOURCES: 'nonsense' }, /^connections are made as ever, without fourtuple: "nonsense" is no address/],
      [{ FOURTUPLE_SOURCES: ' , ' }, /^connections are made as ever, without fourtuple: no source address is given/],
      [{ FOURTUPLE_SOURCES: '127.0.0.5,192.0.2.1' }, /^connections are made as ever, without fourtuple: addresses of loopback, and others/],
      [{ FOURTUPLE_SOURCES: '2001:db8::/64' }, /^connections are made as ever, without fourtuple: .* has more than 65,536 addresses/],
      [{ FOURTUPLE_SOURCES: '127.0.0.5', FOURTUPLE_POLICY: 'best' }, /^connections are made as ever, without fourtuple: FOURTUPLE_POLICY is one of least-used, .*, not "best"/],
      [{ FOURTUPLE_BUDGET: 'half' }, /^connections are made as ever, without fourtuple: FOURTUPLE_BUDGET is a share above 0 to 1 of the ports, not "half"/],
      [{ FOURTUPLE_BUDGET: '1.5' }, /FOURTUPLE_BUDGET is a share above 0 to 1 of the ports, not "1.5"/],
    ])('by %j', (env, message) => {
      const { out, code, warnings } = programs.run(program, { env });
      expect({ out, code, warnings }).toEqual({ out: [['127.0.0.1', '127.0.0.9'], 'none'], code: 7, warnings: [expect.stringMatching(message)] });
    });

    it('by settings that may not be read', () => {
      const isOld = process.versions.node.startsWith('20.');
      const { out, code, warnings } = programs.run(`
        const { stats } = await import('fourtuple/register');
        print(stats()?.mode ?? 'none');
        process.exit(7);`, { env: { FOURTUPLE_SOURCES: '127.0.0.5' }, flags: [isOld ? '--experimental-permission' : '--permission', `--allow-fs-read=${programs.folder}/*`, '--import', programs.preloadFile] });
      expect({ out, code }).toEqual({ out: ['none'], code: 7 });
      expect(warnings).toContainEqual(expect.stringMatching(/^connections are made as ever, without fourtuple: net.ipv4.ip_local_port_range could not be read/));
    });

    it('without koffi it chooses the ports', () => {
      const { out, code, warnings } = programs.run(program, { env: { FOURTUPLE_NO_KOFFI: '1', FOURTUPLE_SOURCES: '127.0.0.5' } });
      expect({ out, code, warnings }).toEqual({ out: [['127.0.0.5', '127.0.0.9'], 'explicit-port'], code: 7, warnings: [expect.stringMatching(/^source ports are chosen by this process, as sockets cannot be bound late: koffi is not available here/)] });
    });

    it.each([['nothing', {}], ['empty variables', { FOURTUPLE_SOURCES: '', FOURTUPLE_POLICY: '', FOURTUPLE_BUDGET: '' }]])('but with none by %s', (_, env) => {
      const { out, code, warnings } = programs.run(program, { env });
      expect({ out, code, warnings }).toEqual({ out: [['127.0.0.1', '127.0.0.9'], 'late-bind'], code: 7, warnings: [] });
    });

    it('nor when it is loaded twice', () => {
      const { out, code, warnings } = programs.run(`
        const again = await import('file://' + process.env.PRELOAD_FILE + '?again');
        ${two}
        const socket = net.connect(20_001, '127.0.0.1');
        print(await connected(socket));
        const { stats } = await import('fourtuple/register');
        print([stats().sources[0].connects, again.stats().sources[0].connects]);
        process.exit(7);`, { env: { FOURTUPLE_SOURCES: '127.0.0.5', PRELOAD_FILE: programs.preloadFile }, flags: ['--import', 'fourtuple/register', '--import', programs.preloadFile, '--require', 'fourtuple/register'] });
      expect({ out, code, warnings }).toEqual({ out: ['127.0.0.5', [1, 1]], code: 7, warnings: [] });
    });
  });

  it('keeps to FOURTUPLE_BUDGET, and spreads by FOURTUPLE_POLICY', () => {
    const { out, warnings } = programs.run(`
      ${two}
      print(await many(60, { port: 20_001 }));
      const failed = net.connect(20_001, '127.0.0.1');
      const [error] = await once(failed, 'error');
      print([error.name, error.code]);
      const { stats } = await import('fourtuple/register');
      print(stats());
      process.exit();`, { env: { FOURTUPLE_SOURCES: '127.0.0.5-6', FOURTUPLE_POLICY: 'round-robin', FOURTUPLE_BUDGET: '0.3' } });
    const source = { open: 30, timeWait: 0, connects: 30, exhausted: 0, missing: 0 };
    const tuple = { destination: '127.0.0.1', destinationPort: 20_001, used: 30, timeWait: 0, limit: 30, capacity: PORTS };
    expect(out).toMatchObject([
      60,
      ['PortBudgetError', 'ERR_FOURTUPLE_PORT_BUDGET'],
      { mode: 'late-bind', sources: [{ address: '127.0.0.5', ...source }, { address: '127.0.0.6', ...source }], tuples: [{ source: '127.0.0.5', ...tuple }, { source: '127.0.0.6', ...tuple }] },
    ]);
    expect(warnings).toEqual([]);
  });

  it('says once that ports run short', () => {
    const { out, warnings } = programs.run(`${two} print(await many(200)); process.exit();`, { env: { FOURTUPLE_SOURCES: '127.0.0.5' } });
    expect({ out, warnings }).toEqual({ out: [200], warnings: [expect.stringMatching(shortage)] });
  });
});
