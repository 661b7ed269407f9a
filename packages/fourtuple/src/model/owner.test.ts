import { describe, expect, it } from 'vitest';
import { cgroupName } from './owner.ts';

const id = '4f3a9c0d17be2a6685c1d0e9f8b7a6a5b4c3d2e1f00112233445566778899aab';
const other = 'b'.repeat(64);
const short = id.slice(0, 12);

describe('cgroupName: containers', () => {
  it.each([
    ['Docker, systemd driver', `/system.slice/docker-${id}.scope`],
    ['Docker, cgroupfs driver', `/docker/${id}`],
    ['a cgroup inside a Docker container', `/docker/${id}/system.slice/nginx.service`],
    ['Docker Compose below a parent', `/my.slice/docker-${id}.scope`],
    ['containerd by nerdctl', `/system.slice/nerdctl-${id}.scope`],
    ['containerd, cgroupfs driver', `/default/${id}`],
    ['Kubernetes with containerd', `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1b2c3d4e_5f60_7182_93a4_b5c6d7e8f901.slice/cri-containerd-${id}.scope`],
    ['Kubernetes with CRI-O', `/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod1b2c3d4e_5f60_7182_93a4_b5c6d7e8f901.slice/crio-${id}.scope`],
    ['Kubernetes with CRI-O 1.24 and later', `/kubepods.slice/kubepods-pod1b2c3d4e_5f60_7182_93a4_b5c6d7e8f901.slice/crio-${id}.scope/container`],
    ['Kubernetes, cgroupfs driver', `/kubepods/burstable/pod1b2c3d4e-5f60-7182-93a4-b5c6d7e8f901/${id}`],
    ['kind', `/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/kubelet-kubepods-besteffort-pod1b2c3d4e_5f60_7182_93a4_b5c6d7e8f901.slice/cri-containerd-${id}.scope`],
    ['podman, root', `/machine.slice/libpod-${id}.scope`],
    ['podman, root, cgroup v2', `/machine.slice/libpod-${id}.scope/container`],
    ['podman, rootless', `/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${id}.scope/container`],
    ['Amazon ECS', `/ecs/0123456789abcdef0123456789abcdef/${id}`],
  ])('%s', (_, path) => {
    expect(cgroupName(path)).toEqual({ unit: undefined, container: short });
  });

  it('containerd under a systemd-driven kubelet puts a colon before the id', () => {
    expect(cgroupName(`/system.slice/containerd.service/kubepods-burstable-pod1b2c3d4e_5f60_7182_93a4_b5c6d7e8f901.slice:cri-containerd:${id}`).container).toBe(short);
  });

  it.each([
    ['LXC', '/lxc/web1', 'web1'],
    ['LXC 4 and LXD', '/lxc.payload.web1/system.slice/nginx.service', 'web1'],
    ['LXC 4, payload as a directory', '/lxc.payload/web1/init.scope', 'web1'],
    ['Proxmox', '/lxc/101/ns/system.slice/postfix.service', '101'],
  ])('%s', (_, path, container) => {
    expect(cgroupName(path).container).toBe(container);
  });

  it("LXC's monitor is no container of the name monitor.web1", () => {
    expect(cgroupName('/lxc.monitor.web1').container).not.toBe('monitor.web1');
  });

  it('the unit lxc.service is no container of the name service', () => {
    expect(cgroupName('/system.slice/lxc.service')).toEqual({ unit: 'lxc.service', container: undefined });
  });
});

describe('cgroupName: systemd units', () => {
  it.each([
    ['/system.slice/nginx.service', 'nginx.service'],
    ['/system.slice/system-getty.slice/getty@tty1.service', 'getty@tty1.service'],
    ['/system.slice/docker.service', 'docker.service'],
    ['/system.slice/ssh.socket', 'ssh.socket'],
    ['/init.scope', 'init.scope'],
    ['/user.slice/user-1000.slice/session-3.scope', 'session-3.scope'],
    ['/user.slice/user-1000.slice/user@1000.service/app.slice/app-firefox-4711.scope', 'app-firefox-4711.scope'],
    ['/system.slice/postgresql@15-main.service/backup', 'postgresql@15-main.service'],
  ])('%s is %s', (path, unit) => {
    expect(cgroupName(path)).toEqual({ unit, container: undefined });
  });

  it.each(['/', '', '/user.slice', '/system.slice/my.slice', `/docker/${id.slice(1)}`, `/docker/${id}0`, '/x.service.d/y'])('%j names nothing', (path) => {
    expect(cgroupName(path)).toEqual({ unit: undefined, container: undefined });
  });
});

describe('cgroupName on the whole text of /proc/PID/cgroup, as readOwner() hands it over', () => {
  it('finds the unit although the file ends with a newline', () => {
    expect(cgroupName('0::/system.slice/nginx.service\n')).toEqual({ unit: 'nginx.service', container: undefined });
  });

  it('finds the container although the file ends with a newline', () => {
    expect(cgroupName(`0::/system.slice/docker-${id}.scope\n`)).toEqual({ unit: undefined, container: short });
  });

  it('finds the container in the many lines of cgroup v1', () => {
    const lines = ['12:pids', '11:memory', '1:name=systemd'].map((controller) => `${controller}:/docker/${id}\n`).join('');
    expect(cgroupName(`${lines}0::/system.slice/containerd.service\n`).container).toBe(short);
  });

  it('takes the first of two containers in one path', () => {
    expect(cgroupName(`/docker/${id}/docker/${other}`).container).toBe(short);
  });
});
