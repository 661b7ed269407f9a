import { describe, expect, it } from 'vitest';
import { extract } from './detect.ts';

/** `REACH KEY=VALUE`, with the source of the value where that is another. */
function settings(text: string, path = 'main.tf'): string[] {
  return extract(path, text).statements.map(({ reach, key, value, valueSpan }) => {
    const source = valueSpan && text.slice(valueSpan.start, valueSpan.end);
    return `${reach} ${key}=${value}${source === value ? '' : ` from ${source}`}`;
  });
}

describe('Terraform', () => {
  it.each([
    ['resource "google_container_node_pool" "a" {\n  node_config {\n    linux_node_config {\n      sysctls = {\n        "net.core.somaxconn" = "1024" # c\n        "vm.swappiness" : 10,\n      }\n    }\n  }\n}', ['node net.core.somaxconn=1024', 'node vm.swappiness=10']],
    ['resource "docker_container" "a" {\n  network_mode = "bridge"\n  sysctls = { "net.core.somaxconn" = 1 }\n}', ['container net.core.somaxconn=1']],
    ['task "x" {\n  driver = "docker"\n  config {\n    sysctl = { net.core.somaxconn = "16384" }\n  }\n}', ['container net.core.somaxconn=16384']],
    ['task "x" {\n  config {\n    sysctl {\n      net.core.somaxconn = "16384"\n    }\n  }\n}', ['container net.core.somaxconn=16384']],
    ['locals { sysctl = merge({ "net.core.somaxconn" = 1 }, var.more) }', ['host net.core.somaxconn=1']],
    ['x = { "net.core.somaxconn" = var.max }', ['host net.core.somaxconn=undefined from var.max']],
    ['x = { "net.core.somaxconn" = "${var.max}" }', ['host net.core.somaxconn=undefined from ${var.max}']],
    ['x = { "net.core.somaxconn" = var.big ? 2 : 1 }', ['host net.core.somaxconn=undefined from var.big ? 2 : 1']],
    ['x = { "net.ipv4.tcp_tw_reuse" = true }', ['host net.ipv4.tcp_tw_reuse=1 from true']],
    ['x = { "net.ipv4.tcp_tw_reuse" = null }', []],
    ['/* x = { "net.core.somaxconn" = 1 } */\n# x = { "net.core.somaxconn" = 1 }\n// x\n', []],
    ['kubelet { sysctls = [{ name = "net.core.somaxconn", value = "1" }] }', ['node net.core.somaxconn=1']],
  ])('reads %j', (text, expected) => {
    expect(settings(text)).toEqual(expected);
  });

  it('reads node pools of AKS, the port range from two fields', () => {
    const text = 'sysctl_config {\n  # ports\n  net_ipv4_ip_local_port_range_max = 65535\n  fs_aio_max_nr = 65536\n  kernel_threads_max = 1\n  net_ipv4_ip_local_port_range_min = 1024 # all\n  net_ipv4_neigh_default_gc_thresh1 = 128\n  net_ipv4_tcp_tw_reuse = true\n  other = 1\n}\n';
    const { statements } = extract('main.tf', text);
    expect(statements.map(({ key, value }) => `${key}=${value}`)).toEqual(['fs.aio-max-nr=65536', 'kernel.threads-max=1', 'net.ipv4.ip_local_port_range=1024 65535', 'net.ipv4.neigh.default.gc_thresh1=128', 'net.ipv4.tcp_tw_reuse=1']);
    expect(statements[2]?.comment).toBe('all');
    expect(settings('sysctl_config {\n  net_ipv4_ip_local_port_range_min = 1024\n}\n')).toEqual(['node net.ipv4.ip_local_port_range=undefined from 1024']);
  });

  it('reads pods in the words of its provider, and in those of Kubernetes', () => {
    const text = 'resource "kubernetes_deployment" "web" {\n  spec {\n    template {\n      spec {\n        host_network = true\n        security_context {\n          sysctl {\n            name  = "net.core.somaxconn"\n            value = "1"\n          }\n        }\n        init_container {\n          command = ["sysctl", "-w", "net.core.somaxconn=2"]\n        }\n        container {\n          image = "x"\n          port {\n            container_port = 8080\n          }\n        }\n      }\n    }\n  }\n}\n';
    const { statements, ports } = extract('main.tf', text);
    expect(statements.map(({ group, reach, sharesHostNetwork, value, span }) => [group.replace(/ at .*/, ''), reach, sharesHostNetwork, value, text.slice(span.start, span.end).split(' ')[0]])).toEqual([
      ['kubernetes_deployment web', 'pod', true, '1', 'sysctl'],
      ['kubernetes_deployment web', 'node', true, '2', 'sysctl",'],
    ]);
    expect(ports).toMatchObject([{ port: 8080, group: statements[0]?.group }]);
    expect(settings('manifest = {\n  apiVersion = "v1"\n  kind = "Pod"\n  spec = { securityContext = { sysctls = [{ name = "net.core.somaxconn", value = "1" }] } }\n}\n')).toEqual(['pod net.core.somaxconn=1']);
    expect(settings('yaml_body = <<-YAML\n  apiVersion: v1\n  kind: Pod\n  spec:\n    securityContext:\n      sysctls:\n      - name: net.core.somaxconn\n        value: "${var.max}"\n  YAML\n')).toEqual(['pod net.core.somaxconn=undefined from ${var.max}']);
  });

  it.each([
    ['container_definitions = jsonencode([{ name = "a", systemControls = [{ namespace = "net.core.somaxconn", value = "1" }] }])'],
    ['container_definitions = <<JSON\n[{"name": "a", "memory": ${var.memory}, "systemControls": [{"namespace": "net.core.somaxconn", "value": "1"}]}]\nJSON'],
    ['container_definitions = "[{\\"systemControls\\": [{\\"namespace\\": \\"net.core.somaxconn\\", \\"value\\": \\"1\\"}]}]"'],
    ['container_definitions = { a = { system_controls = [{ namespace = "net.core.somaxconn", value = "1" }] } }'],
  ])('reads containers of ECS: %s', (attribute) => {
    const text = `resource "aws_ecs_task_definition" "x" {\n  network_mode = "host"\n  ${attribute}\n}\n`;
    expect(settings(text)).toEqual(['container net.core.somaxconn=1']);
  });

  it.each([
    ['user_data = <<-EOF\n    #!/bin/sh\n    sysctl -w net.core.somaxconn=1\n  EOF', ['host net.core.somaxconn=1']],
    ['user_data = base64encode(<<EOF\n#cloud-config\nruncmd:\n- sysctl -w net.core.somaxconn=1\nEOF\n)', ['host net.core.somaxconn=1']],
    ['user_data = "#!/bin/sh\\nsysctl -w net.core.somaxconn=1\\n"', ['host net.core.somaxconn=1']],
    ['user_data = <<EOF\n[settings.kernel.sysctl]\n"net.core.somaxconn" = "1"\nEOF', ['node net.core.somaxconn=1']],
    ['provisioner "remote-exec" {\n  inline = ["sudo sysctl -w net.core.somaxconn=1", "true"]\n}', ['host net.core.somaxconn=1']],
    ['provisioner "local-exec" {\n  command = "sysctl -w net.core.somaxconn=${var.max}"\n}', ['host net.core.somaxconn=undefined from ${var.max}']],
    ['provisioner "file" {\n  content = <<EOF\nnet.core.somaxconn = 1\nEOF\n  destination = "/etc/sysctl.d/a.conf"\n}', ['host net.core.somaxconn=1']],
  ])('reads what machines are given: %j', (text, expected) => {
    expect(settings(`resource "aws_instance" "x" {\n${text}\n}\n`)).toEqual(expected);
  });

  it('keeps here-documents of like groups apart', () => {
    const pod = 'yaml_body = <<YAML\napiVersion: v1\nkind: Pod\nspec: {securityContext: {sysctls: [{name: net.core.somaxconn, value: "1"}]}}\nYAML\n';
    expect(new Set(extract('main.tf', `a {\n${pod}}\nb {\n${pod}}\n`).statements.map(({ group }) => group)).size).toBe(2);
  });
});
