import { describe, expect, it } from 'vitest';
import { extractYaml } from './yaml-kinds.ts';

/** `REACH KEY=VALUE`, with the source of the value where that is another. */
function settings(text: string, path = 'manifest.yaml'): string[] {
  return extractYaml(text, path).statements.map(({ reach, key, value, valueSpan }) => {
    const source = valueSpan && text.slice(valueSpan.start, valueSpan.end);
    return `${reach} ${key}=${value}${source === value ? '' : ` from ${source}`}`;
  });
}

const POD = (spec: string): string => `apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n${spec.replace(/^/gm, '  ')}\n`;

describe('objects of Kubernetes', () => {
  it('reads the sysctls of a pod, and whether their values are strings', () => {
    const text = POD('# for crawlers\nsecurityContext:\n  sysctls:\n  # wide\n  - name: net.ipv4.ip_local_port_range # all\n    value: "1024 65535" # of them\n  - {name: net/core/somaxconn, value: 4096}\n  - name: net.ipv4.tcp_syncookies\n    value: yes\n  - name: net.ipv4.tcp_tw_reuse\n    value: {{ .Values.reuse }}');
    const { statements } = extractYaml(text, 'pod.yaml');
    expect(statements.map(({ key, value, isString, comment }) => [key, value, isString, comment])).toEqual([
      ['net.ipv4.ip_local_port_range', '1024 65535', true, 'wide all of them'],
      ['net.core.somaxconn', '4096', false, ''],
      ['net.ipv4.tcp_syncookies', 'yes', false, ''],
      ['net.ipv4.tcp_tw_reuse', undefined, undefined, ''],
    ]);
    expect(statements.map(({ span }) => text.slice(span.start, span.end).split('\n')[0])).toEqual(['- name: net.ipv4.ip_local_port_range # all', '- {name: net/core/somaxconn, value: 4096}', '- name: net.ipv4.tcp_syncookies', '- name: net.ipv4.tcp_tw_reuse']);
    expect(new Set(statements.map(({ group }) => group)).size).toBe(1);
  });

  it.each([
    ['Deployment', 'template:\n    spec:\n      '],
    ['Job', 'template:\n    spec:\n      '],
    ['CronJob', 'jobTemplate:\n    spec:\n      template:\n        spec:\n          '],
    ['Rollout', 'template:\n    spec:\n      '],
  ])('finds the pod of a %s', (kind, above) => {
    expect(settings(`apiVersion: x/v1\nkind: ${kind}\nspec:\n  ${above}securityContext: {sysctls: [{name: net.core.somaxconn, value: "1"}]}\n`)).toEqual(['pod net.core.somaxconn=1']);
  });

  it('opens lists, and keeps pods apart', () => {
    const pod = (name: string): string => `{apiVersion: v1, kind: Pod, metadata: {name: ${name}}, spec: {securityContext: {sysctls: [{name: net.core.somaxconn, value: "1"}]}, containers: [{ports: [{containerPort: 80}, {containerPort: "x"}]}]}}`;
    const { statements, ports } = extractYaml(`apiVersion: v1\nkind: List\nitems:\n- ${pod('a')}\n- ${pod('b')}\n---\n${pod('a')}\n`, 'x.yaml');
    expect(statements.map(({ group }) => group.replace(/ at .*/, ''))).toEqual(['Pod a', 'Pod b', 'Pod a']);
    expect(new Set(statements.map(({ group }) => group)).size).toBe(3);
    expect(ports.map(({ group, port }) => [group, port])).toEqual(statements.map(({ group }) => [group, 80]));
  });

  it.each([
    ['command: [sysctl, -w, "net.core.somaxconn=1"]', 'pod net.core.somaxconn=1'],
    ['command: ["/sbin/sysctl"]\n  args: ["-w", net.core.somaxconn=1]', 'pod net.core.somaxconn=1'],
    ['command: [sh, -ec, "sysctl -w net.core.somaxconn=1"]', 'pod net.core.somaxconn=1'],
    ['command: [sh, -c]\n  args:\n  - |\n    set -e\n    sysctl -w net.core.somaxconn=1', 'pod net.core.somaxconn=1'],
    ['command: [sh, -c]\n  args:\n  - >-\n    true &&\n    sysctl -w net.core.somaxconn=1', 'pod net.core.somaxconn=1'],
    ['lifecycle: {postStart: {exec: {command: [sh, -c, "echo 1 > /proc/sys/net/core/somaxconn"]}}}', 'pod net.core.somaxconn=1'],
    ['command: [nsenter, -t, "1", -n, sysctl, -w, net.core.somaxconn=1]', 'node net.core.somaxconn=1'],
  ])('reads the commands of containers: %s', (container, expected) => {
    expect(settings(POD(`initContainers:\n- name: init\n  ${container}`))).toEqual([expected]);
  });

  it('takes what containers do with hostNetwork for the node', () => {
    const { statements } = extractYaml(POD('hostNetwork: true\nsecurityContext: {sysctls: [{name: kernel.sem, value: "1"}]}\ncontainers: [{command: [sysctl, -w, net.core.somaxconn=1]}]'), 'x.yaml');
    expect(statements.map(({ reach, sharesHostNetwork, means }) => [reach, sharesHostNetwork, means])).toEqual([['pod', true, 'field'], ['node', true, 'command']]);
  });

  it('reads files in ConfigMaps, JSON too', () => {
    expect(settings('apiVersion: v1\nkind: ConfigMap\ndata:\n  90-x.conf: |\n    net.core.somaxconn = 1\n  tuned.conf: |\n    [sysctl]\n    net.core.somaxconn=2\n  run: |\n    #!/bin/sh\n    sysctl -w net.core.somaxconn=3\n  other: 5\n')).toEqual(['node net.core.somaxconn=1', 'node net.core.somaxconn=2', 'node net.core.somaxconn=3']);
    expect(settings('{"apiVersion": "v1", "kind": "ConfigMap", "data": {"sysctl.conf": "# a\\nnet.core.somaxconn = 12\\nvm.swappiness=1"}}')).toEqual(['node net.core.somaxconn=12', 'node vm.swappiness=1']);
  });

  it.each(['kind: KubeletConfiguration\napiVersion: kubelet.config.k8s.io/v1beta1\nallowedUnsafeSysctls: [net.core.somaxconn, "net.*"]\n', 'kind: PodSecurityPolicy\napiVersion: policy/v1beta1\nspec: {allowedUnsafeSysctls: [net.core.somaxconn]}\n'])('sets nothing where pods are allowed to: %j', (text) => {
    expect(extractYaml(text, 'x.yaml')).toEqual({ statements: [], ports: [], problems: [] });
  });

  it('reads what a MachineConfig and Ignition write', () => {
    const files = (contents: string): string => `apiVersion: machineconfiguration.openshift.io/v1\nkind: MachineConfig\nspec:\n  config:\n    storage:\n      files:\n      - path: /etc/sysctl.d/90-x.conf\n        contents: ${contents}\n`;
    expect(settings(files('{source: "data:,net.core.somaxconn%3D1%0A"}'))).toEqual(['node net.core.somaxconn=1 from data:,net.core.somaxconn%3D1%0A']);
    expect(settings(files(`{source: "data:;base64,${btoa('net.core.somaxconn=1\n')}"}`))).toEqual([`node net.core.somaxconn=1 from data:;base64,${btoa('net.core.somaxconn=1\n')}`]);
    expect(settings(files('{inline: "net.core.somaxconn = 1"}'))).toEqual(['node net.core.somaxconn=1']);
    for (const odd of ['{source: "data:,%"}', '{source: "data:;base64,é"}', '{source: "https://192.0.2.1/sysctl.d"}', '{}', '{source: "data:;base64,AAAA", compression: gzip}']) expect(settings(files(odd))).toEqual([]);
    expect(settings('variant: fcos\nversion: 1.5.0\nsystemd:\n  units:\n  - name: x.service\n    contents: |\n      [Service]\n      ExecStart=/sbin/sysctl -w net.core.somaxconn=1\n')).toEqual(['node net.core.somaxconn=1']);
    expect(settings('{"ignition": {"version": "3.4.0"}, "storage": {"files": [{"path": "/etc/sysctl.d/a.conf", "contents": {"source": "data:,net.core.somaxconn=1"}}]}}', 'x.ign')).toHaveLength(1);
  });

  it('reads each profile of a Tuned by itself', () => {
    const text = 'apiVersion: tuned.openshift.io/v1\nkind: Tuned\nspec:\n  profile:\n  - name: a\n    data: |\n      [sysctl]\n      net.core.somaxconn=1\n  - name: b\n    data: |\n      [sysctl]\n      net.core.somaxconn=2\n';
    expect(settings(text)).toEqual(['node net.core.somaxconn=1', 'node net.core.somaxconn=2']);
    expect(new Set(extractYaml(text, 'x.yaml').statements.map(({ group }) => group)).size).toBe(2);
  });

  it.each([
    ['apiVersion: bootstrap.cluster.x-k8s.io/v1beta1\nkind: KubeadmConfigTemplate\nspec: {template: {spec: {preKubeadmCommands: ["sysctl -w net.core.somaxconn=1"], files: [{path: /etc/sysctl.d/a.conf, content: "vm.swappiness = 1"}]}}}\n', ['node net.core.somaxconn=1', 'node vm.swappiness=1']],
    ['apiVersion: kops.k8s.io/v1alpha2\nkind: Cluster\nspec: {sysctlParameters: ["net.core.somaxconn=1", "net.ipv4.ip_local_port_range=1024 65535"]}\n', ['node net.core.somaxconn=1', 'node net.ipv4.ip_local_port_range=1024 65535']],
    ['version: v1alpha1\nmachine: {sysctls: {net.core.somaxconn: "1"}}\n', ['node net.core.somaxconn=1']],
  ])('reads descriptions of nodes: %j', (text, expected) => {
    expect(settings(text)).toEqual(expected);
  });

  it('reads values of Helm: lists for pods, maps for hosts', () => {
    expect(settings('podSecurityContext:\n  sysctls:\n  - name: net.core.somaxconn\n    value: 1\nsysctl:\n  net.core.somaxconn: 2\n  enabled: true\n', 'chart/values.yaml')).toEqual(['pod net.core.somaxconn=1', 'host net.core.somaxconn=2']);
    expect(settings('securityContext:\n  sysctls:\n  - name: net.core.somaxconn\n    value: "1"\n', 'chart/values.yaml')).toEqual(['pod net.core.somaxconn=1']);
  });

  it('reads templates of Helm', () => {
    const text = 'apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ include "x.name" . }}\n  labels: {{- include "x.labels" . | nindent 4 }}\nspec:\n  {{- with .Values.psc }}\n  securityContext:\n    {{- toYaml . | nindent 4 }}\n  {{- end }}\n  securityContext:\n    sysctls:\n    - name: net.core.somaxconn\n      value: "{{ .Values.max }}"\n    - name: net.ipv4.tcp_tw_reuse\n      value: "1"\n';
    expect(settings(text)).toEqual(['pod net.core.somaxconn=undefined from {{ .Values.max }}', 'pod net.ipv4.tcp_tw_reuse=1']);
  });

  it('reads steps of pipelines', () => {
    expect(settings('jobs:\n  test:\n    steps:\n    - run: sudo sysctl -w net.core.somaxconn=1\n    - run: |\n        make\n        echo 2 | sudo tee /proc/sys/net/core/somaxconn\n', '.github/workflows/ci.yml')).toEqual(['host net.core.somaxconn=1', 'host net.core.somaxconn=2']);
  });

  it('says where a file is no YAML, if it has to do with sysctls', () => {
    const text = 'spec:\n  sysctls:\n\t- name: net.core.somaxconn\n';
    const { problems } = extractYaml(text, 'x.yaml');
    expect(problems).toEqual([{ span: { start: 17, end: 18 }, text: 'not YAML: tabs are not allowed as indentation' }]);
    expect(extractYaml('a:\n\t- b', 'x.yaml').problems).toEqual([]);
  });
});
