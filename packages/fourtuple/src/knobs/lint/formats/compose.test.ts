import { describe, expect, it } from 'vitest';
import { extractYaml } from './yaml-kinds.ts';

describe('services of Compose', () => {
  it('reads sysctls as a map and as a list, each service by itself', () => {
    const text = 'services:\n  a:\n    image: x\n    sysctls:\n      net.core.somaxconn: 1024 # c\n      net.ipv4.tcp_tw_reuse: ~\n  b:\n    image: x\n    network_mode: host\n    sysctls:\n      - net.ipv4.ip_local_port_range=1024 65535\n      - "net.core.somaxconn = ${MAX:-1}"\n      - nothing\n';
    expect(extractYaml(text, 'compose.yaml').statements.map(({ group, reach, sharesHostNetwork, key, value, comment }) => [group, reach, sharesHostNetwork, key, value, comment])).toEqual([
      ['service a', 'container', false, 'net.core.somaxconn', '1024', 'c'],
      ['service b', 'container', true, 'net.ipv4.ip_local_port_range', '1024 65535', ''],
      ['service b', 'container', true, 'net.core.somaxconn', undefined, ''],
    ]);
  });

  it('reads ports by their container side', () => {
    const text = 'services:\n  a:\n    sysctls: {}\n    ports:\n    - 80\n    - "8080:81"\n    - 127.0.0.1:8080:82/tcp\n    - "[::1]:8080:83"\n    - "9000-9001:90-91/udp"\n    - {target: 84, published: 8084}\n    - "${PORT}:85"\n    - "0"\n    - "70000"\n    - x\n    expose: ["86", 87]\n';
    const { ports } = extractYaml(text, 'compose.yaml');
    expect(ports.map(({ port, span }) => [port, text.slice(span.start, span.end)])).toEqual([[80, '80'], [81, '81'], [82, '82'], [83, '83'], [90, '90-91'], [91, '90-91'], [84, '84'], [86, '86'], [87, '87']]);
  });

  it('follows anchors and merges', () => {
    const text = 'x-base: &base\n  sysctls: &sysctls\n    net.core.somaxconn: 1\nservices:\n  a:\n    <<: *base\n    image: x\n  b:\n    image: x\n    sysctls:\n      <<: *sysctls\n      net.ipv4.tcp_tw_reuse: 1\n';
    expect(extractYaml(text, 'compose.yaml').statements.map(({ group, key }) => `${group} ${key}`)).toEqual(['service a net.core.somaxconn', 'service b net.ipv4.tcp_tw_reuse', 'service b net.core.somaxconn']);
  });

  it('reads commands', () => {
    const text = 'services:\n  a:\n    image: x\n    privileged: true\n    entrypoint: [sh, -c, "sysctl -w net.core.somaxconn=1"]\n    command: sysctl -w net.core.somaxconn=2\n';
    expect(extractYaml(text, 'compose.yaml').statements.map(({ reach, means, value }) => [reach, means, value])).toEqual([['container', 'command', '1'], ['container', 'command', '2']]);
  });
});
