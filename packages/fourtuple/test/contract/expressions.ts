import fc from 'fast-check';
import { Address, SocketCursor } from '../../src/model/index.ts';
import type { Expression, NameResolver } from '../../src/filter/index.ts';

// Few values, so that conditions and sockets meet often.
const PORTS = [0, 22, 80, 443, 8080, 32_768, 40_000, 65_535];
const ADDRESSES = ['10.0.0.1', '10.0.0.2', '10.0.1.1', '10.128.0.1', '127.0.0.1', '0.0.0.0', '::1', '::', '2001:db8::1', '2001:db8::2', '2001:db8:1::1', 'fe80::1'].map((text) => Address.parse(text)!);

const port = fc.constantFrom(...PORTS);
const side = fc.constantFrom('source' as const, 'destination' as const);
const index = fc.integer({ min: 0, max: 3 });

const block = fc.constantFrom(...ADDRESSES).chain((address) =>
  fc.record({ address: fc.constant(address), family: address.isIpv4 ? fc.constantFrom('ipv4' as const, 'ipv6' as const) : fc.constant('ipv6' as const) }).chain(({ family }) =>
    fc.record({ family: fc.constant(family), address: fc.constant(address), bits: family === 'ipv4' ? fc.constantFrom(0, 1, 8, 9, 24, 31, 32) : fc.constantFrom(0, 1, 32, 33, 48, 64, 96, 104, 127, 128) }),
  ),
);

const leaf: fc.Arbitrary<Expression> = fc.oneof(
  fc.record({ kind: fc.constant('port' as const), side, low: port, high: port }).map((condition) => (condition.low <= condition.high ? condition : { ...condition, low: condition.high, high: condition.low })),
  fc.record({ kind: fc.constant('host' as const), side, block: fc.option(block, { nil: undefined }), port: fc.option(port, { nil: undefined }) }),
  fc.record({ kind: fc.constant('device' as const), index }),
  fc.record({ kind: fc.constant('mark' as const), mark: index, mask: fc.constantFrom(0, 1, 2, 3, 0xffffffff) }),
  fc.record({ kind: fc.constant('cgroup' as const), id: fc.constantFrom(0, 1, 2, 2 ** 40 + 1) }),
  fc.constant({ kind: 'autobound' as const }),
);

/** Any expression that the language can say. */
export const anyExpression: fc.Arbitrary<Expression> = fc.letrec<{ expression: Expression }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 5, depthSize: 'medium' },
    leaf,
    fc.record({ kind: fc.constantFrom('and' as const, 'or' as const), left: tie('expression'), right: tie('expression') }),
    fc.record({ kind: fc.constant('not' as const), operand: tie('expression') }),
  ),
})).expression;

/** Any socket whose values are those that {@link anyExpression} asks for; AF_INET ones have IPv4 addresses alone. */
export const likelySocket: fc.Arbitrary<SocketCursor> = fc
  .record({
    isMapped: fc.boolean(),
    local: fc.constantFrom(...ADDRESSES),
    remote: fc.constantFrom(...ADDRESSES),
    localPort: port,
    remotePort: port,
    interfaceIndex: index,
    mark: index,
    cgroupId: fc.constantFrom(0, 1, 2, 2 ** 40 + 1),
  })
  .map(({ isMapped, local, remote, ...fields }) => {
    const socket = Object.assign(new SocketCursor(), fields);
    const isIpv4 = local.isIpv4;
    const peer = remote.isIpv4 === isIpv4 ? remote : local;
    socket.family = isIpv4 && !isMapped ? 2 : 10;
    ({ w0: socket.local0, w1: socket.local1, w2: socket.local2, w3: socket.local3 } = local);
    ({ w0: socket.remote0, w1: socket.remote1, w2: socket.remote2, w3: socket.remote3 } = peer);
    return socket;
  });

/** The expression in the filter language, brackets around everything. */
export function textOf(expression: Expression): string {
  switch (expression.kind) {
    case 'and':
    case 'or':
      return `( ${textOf(expression.left)} ${expression.kind} ${textOf(expression.right)} )`;
    case 'not':
      return `not ( ${textOf(expression.operand)} )`;
    case 'port':
      return `${expression.side === 'source' ? 'sport' : 'dport'} = :${expression.low}${expression.low === expression.high ? '' : `-${expression.high}`}`;
    case 'host': {
      const { block: addresses, port: number } = expression;
      const host = addresses === undefined ? '*' : addresses.family === 'ipv4' ? `${addresses.address.toString()}/${addresses.bits}` : `[${addresses.address.toMappedString()}]/${addresses.bits}`;
      return `${expression.side === 'source' ? 'src' : 'dst'} ${host}${number === undefined ? '' : `:${number}`}`;
    }
    case 'autobound':
      return 'autobound';
    case 'device':
      return `dev = if${expression.index}`;
    case 'mark':
      return `fwmark = 0x${expression.mark.toString(16)}/0x${expression.mask.toString(16)}`;
    case 'cgroup':
      return `cgroup = /cg${expression.id}`;
  }
}

const numbered = (prefix: string, name: string): number | undefined => (name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length)) ? Number(name.slice(prefix.length)) : undefined);

/** Resolves the names that {@link textOf} writes, and two services. */
export const madeUpNames: NameResolver = {
  service: (name) => ({ ssh: 22, http: 80 })[name],
  device: (name) => numbered('if', name),
  cgroup: (path) => numbered('/cg', path),
};
