import { describe, expect, it } from 'vitest';
import { extractYaml } from './yaml-kinds.ts';

/** `KEY=VALUE`, with the source of both where it is another. */
function settings(text: string, path = 'playbook.yml'): string[] {
  return extractYaml(text, path).statements.map(({ key, value, keySpan, valueSpan }) => {
    const source = `${text.slice(keySpan.start, keySpan.end)}=${valueSpan && text.slice(valueSpan.start, valueSpan.end)}`;
    return source === `${key}=${value}` ? source : `${key}=${value} from ${source}`;
  });
}

describe('tasks of Ansible', () => {
  it.each([
    ['ansible.posix.sysctl: {name: net.core.somaxconn, value: "1024"}', ['net.core.somaxconn=1024']],
    ['sysctl:\n    key: net.core.somaxconn\n    val: 1024', ['net.core.somaxconn=1024']],
    ['sysctl: name=net.core.somaxconn value=1024 state=present', ['net.core.somaxconn=1024']],
    ['sysctl: name=net.ipv4.ip_local_port_range value="1024 65535"', ['net.ipv4.ip_local_port_range=1024 65535']],
    ["sysctl: >\n    name=net.ipv4.ip_local_port_range\n    value='1024 65535'", ['net.ipv4.ip_local_port_range=1024 65535']],
    ['action: sysctl name=net.core.somaxconn value=1', ['net.core.somaxconn=1']],
    ['local_action: {module: sysctl, name: net.core.somaxconn, value: 1}', ['net.core.somaxconn=1']],
    ['sysctl: {name: net.ipv4.tcp_tw_reuse, value: yes}', ['net.ipv4.tcp_tw_reuse=1 from net.ipv4.tcp_tw_reuse=yes']],
    ['sysctl: {name: net.ipv4.tcp_tw_reuse, value: "{{ reuse }}"}', ['net.ipv4.tcp_tw_reuse=undefined from net.ipv4.tcp_tw_reuse={{ reuse }}']],
    ['sysctl: {name: net.ipv4.tcp_tw_reuse, state: absent}', []],
    ['sysctl: name=net.ipv4.tcp_tw_reuse state=absent', []],
    ['sysctl: {name: "{{ key }}", value: 1}', []],
    ['copy: {dest: /etc/sysctl.d/90-x.conf, content: "net.core.somaxconn = 1\\nvm.swappiness = 2\\n"}', ['net.core.somaxconn=1', 'vm.swappiness=2']],
    ['ansible.builtin.copy:\n    dest: "{{ root }}/etc/sysctl.d/90-x.conf"\n    content: |\n      net.core.somaxconn = {{ max }}', ['net.core.somaxconn=undefined from net.core.somaxconn={{ max }}']],
    ['lineinfile: {path: /etc/sysctl.conf, line: net.core.somaxconn = 1}', ['net.core.somaxconn=1']],
    ['blockinfile:\n    path: /etc/sysctl.conf\n    block: |\n      net.core.somaxconn = 1', ['net.core.somaxconn=1']],
    ['lineinfile: {path: /etc/sysctl.conf, line: net.core.somaxconn = 1, state: absent}', []],
    ['copy: {dest: /etc/nginx.conf, content: "worker_processes = 1"}\n  vars: {sysctl: no}', []],
    ['shell: sysctl -w net.core.somaxconn=1', ['net.core.somaxconn=1']],
    ['ansible.builtin.shell: |\n    echo 1 > /proc/sys/net/core/somaxconn', ['net.core.somaxconn=1 from net/core/somaxconn=1']],
    ['command: {cmd: sysctl -w net.core.somaxconn=1}', ['net.core.somaxconn=1']],
    ['command: {argv: [sysctl, -w, net.ipv4.ip_local_port_range=1024 65535]}', ['net.ipv4.ip_local_port_range=1024 65535']],
    ['community.docker.docker_container: {name: x, sysctls: {net.core.somaxconn: 1}}', ['net.core.somaxconn=1']],
  ])('%s', (task, expected) => {
    expect(settings(`- name: x\n  ${task}\n`, 'roles/x/tasks/main.yml')).toEqual(expected);
    const play = `- hosts: all\n  tasks:\n  - block:\n    - name: x\n      ${task.replaceAll('\n', '\n    ')}\n`;
    expect(settings(play)).toEqual(expected);
  });

  it.each([
    ['"{{ item.name }}"', '"{{ item.value }}"', 'with_items:\n  - {name: net.core.somaxconn, value: 1}\n  - {name: vm.swappiness, value: 2}'],
    ['"{{ item.key }}"', '"{{ item.value | string }}"', 'with_dict: {net.core.somaxconn: 1, vm.swappiness: 2}'],
    ['"{{ item.key }}"', "\"{{ item['value'] }}\"", 'loop: "{{ kernel | dict2items }}"\n  vars:\n    kernel:\n      net.core.somaxconn: 1\n      vm.swappiness: 2'],
    ['"{{ s.k }}"', '"{{ s.v }}"', 'loop: [{k: net.core.somaxconn, v: 1}, {k: vm.swappiness, v: 2}]\n  loop_control: {loop_var: s}'],
  ])('turns with a loop: %s', (name, value, loop) => {
    expect(settings(`- sysctl: {name: ${name}, value: ${value}}\n  ${loop}\n`)).toEqual(['net.core.somaxconn=1', 'vm.swappiness=2']);
  });

  it('leaves out what a turn takes away, and what stands elsewhere', () => {
    expect(settings('- sysctl: {name: "{{ item.n }}", value: "1", state: "{{ item.s | default(\'present\') }}"}\n  loop:\n  - {n: net.core.somaxconn, s: absent}\n  - {n: vm.swappiness}\n')).toEqual(['vm.swappiness=1']);
    expect(settings('- sysctl: {name: "{{ item }}", value: "1"}\n  loop: "{{ elsewhere }}"\n')).toEqual([]);
  });

  it('reads the variables of a play, once', () => {
    const text = '- hosts: a\n  vars:\n    mine:\n    - {name: net.core.somaxconn, value: 1}\n    role_sysctl: {vm.swappiness: 2}\n  tasks:\n  - sysctl: {name: "{{ item.name }}", value: "{{ item.value }}"}\n    with_items: "{{ mine }}"\n- hosts: b\n  tasks:\n  - sysctl: {name: net.core.somaxconn, value: 3}\n';
    expect(settings(text)).toEqual(['net.core.somaxconn=1', 'vm.swappiness=2', 'net.core.somaxconn=3']);
    expect(new Set(extractYaml(text, 'x.yml').statements.map(({ group }) => group)).size).toBe(3);
  });

  it('takes the task with its dash and comments for a setting', () => {
    const text = '# TIME_WAIT\n- name: x\n  sysctl:\n    name: net.core.somaxconn\n    value: 1 # max connections\n- debug: {msg: x}\n';
    const [statement] = extractYaml(text, 'tasks/main.yml').statements;
    expect(text.slice(statement?.span.start, statement?.span.end)).toBe('- name: x\n  sysctl:\n    name: net.core.somaxconn\n    value: 1');
    expect(statement?.comment).toBe('TIME_WAIT max connections');
  });

  it.each([
    ['sysctl_settings:\n  net.core.somaxconn: 1\n  vm.swappiness: "2"\n'],
    ['sysctls:\n- {name: net.core.somaxconn, value: 1}\n- {name: vm.swappiness, value: 2}\n'],
    ['sysctl:\n- net.core.somaxconn=1\n- vm.swappiness=2\n'],
  ])('reads variables: %j', (text) => {
    expect(settings(text, 'group_vars/all.yml')).toEqual(['net.core.somaxconn=1', 'vm.swappiness=2']);
    expect(extractYaml(text, 'group_vars/all.yml').statements.map(({ reach }) => reach)).toEqual(['host', 'host']);
  });

  it('does not multiply with aliases', () => {
    const blocks = Array.from({ length: 30 }, (_, index) => `- &b${index + 1}\n  block: [*b${index}, *b${index}]\n`).join('');
    expect(settings(`- &b0\n  sysctl: {name: net.core.somaxconn, value: 1}\n${blocks}`)).toEqual(['net.core.somaxconn=1']);
  });
});
