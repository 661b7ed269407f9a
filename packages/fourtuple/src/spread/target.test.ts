import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SpreadError } from './errors.ts';
import { findCgroup } from './target.ts';

const id = '4f3a9c0d17be2a6685c1d0e9f8b7a6a5b4c3d2e1f00112233445566778899aab';
const paths = ['/system.slice/nginx.service', '/system.slice/nginx.service/inner', `/system.slice/docker-${id}.scope`, '/a/worker.service', '/b/worker.service', `/kubepods/pod1/cri-containerd-${id.replaceAll('4', '5')}.scope`, '/plain'];

describe('the cgroup that a word names', () => {
  let root = '';
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'fourtuple-cgroups-'));
    writeFileSync(join(root, 'cgroup.procs'), '');
    for (const path of paths) {
      mkdirSync(join(root, path), { recursive: true });
      writeFileSync(join(root, path, 'cgroup.procs'), '');
    }
  });
  afterAll(() => rmSync(root, { recursive: true }));

  it.each([
    ['nginx.service', paths[0]],
    ['nginx', paths[0]],
    ['plain', '/plain'],
    ['/plain', '/plain'],
    ['/', '/'],
    [id.slice(0, 12), paths[2]],
    [id, paths[2]],
    [`docker-${id}.scope`, paths[2]],
    [id.replaceAll('4', '5').slice(0, 20), paths[5]],
  ])('%s', (word, path) => {
    expect(findCgroup(word, root)).toEqual({ path, directory: path === '/' ? root : join(root, path!) });
  });

  it('its directory', () => {
    expect(findCgroup(join(root, 'a/worker.service'), root)).toEqual({ path: '/a/worker.service', directory: join(root, 'a/worker.service') });
    expect(findCgroup(root, root)).toEqual({ path: '/', directory: root });
  });

  it.each([
    ['nothing', /^No cgroup is named "nothing"\.$/],
    [id.slice(0, 11), /^No cgroup is named/],
    ['ffffffffffff', /^No cgroup is named/],
    ['worker', /^"worker" names 2 cgroups: \/\w\/worker\.service, \/\w\/worker\.service\.$/],
    ['/a', /^There is no cgroup \/a\.$/],
    ['/nowhere', /^There is no cgroup \/nowhere\.$/],
    ['999999999', /^There is no process 999999999\.$/],
    ['', /^No cgroup is named ""\.$/],
  ])('%j is refused', (word, message) => {
    expect(() => findCgroup(word, root)).toThrow(SpreadError);
    expect(() => findCgroup(word, root)).toThrow(message);
  });

  it('without a cgroup v2 there is none', () => {
    // What is not there is not the default.
    const missing = join(root, 'plain/missing');
    expect(() => findCgroup('nginx', missing)).toThrow(/^No cgroup is named/);
  });
});
