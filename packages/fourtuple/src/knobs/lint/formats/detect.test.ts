import { describe, expect, it } from 'vitest';
import { extract, formatOf } from './detect.ts';

describe('formatOf', () => {
  it.each([
    ['/etc/sysctl.conf', 'anything', 'sysctl'],
    ['etc/sysctl.d/80-ports', '', 'sysctl'],
    ['etc/sysctl.d/60-proxy.conf.bak', '', 'sysctl'],
    ['roles/x/templates/sysctl.conf.j2', 'net.core.somaxconn = {{ x }}', 'sysctl'],
    ['90-ports.conf', '# x\nnet.core.somaxconn = 1\n', 'sysctl'],
    ['-', 'net.core.somaxconn = 1', 'sysctl'],
    ['ports.conf', 'net.core.somaxconn 1\n', 'sysctl'],
    ['nginx.conf', 'worker_processes 4;\nevents { worker_connections 1024; }\n', 'other'],
    ['app.ini', '[db]\nnet.timeout = 1\nhost = x\nport = 1\n', 'other'],
    ['tuned.conf', '', 'ini'],
    ['profile.conf', '[main]\ninclude=x\n[sysctl]\nnet.core.somaxconn=1\n', 'ini'],
    ['bottlerocket.toml', '[settings.kernel.sysctl]\n"net.core.somaxconn" = "1"\n', 'bottlerocket'],
    ['pyproject.toml', '[project]\nname = "x"\n', 'other'],
    ['a/Dockerfile.prod', '', 'dockerfile'],
    ['Containerfile', '', 'dockerfile'],
    ['x.service.j2', '', 'systemd'],
    ['values.yml', '', 'yaml'],
    ['task.json', '', 'yaml'],
    ['user-data', '#cloud-config\n', 'yaml'],
    ['user-data', '#!/bin/bash\n', 'shell'],
    ['user-data', 'MIME-Version: 1.0\n', 'user-data'],
    ['bin/tune', '#!/usr/bin/env bash\n', 'shell'],
    ['bin/tool', '#!/usr/bin/env python3\n', 'other'],
    ['main.tf', '', 'terraform'],
    ['job.nomad.hcl', '', 'terraform'],
    ['user_data.sh.tftpl', '', 'shell'],
    ['host.nix', '', 'nix'],
    ['README.md', '', 'markdown'],
    ['main.c', 'net.core.somaxconn = 1\n', 'other'],
  ])('%s with %j: %s', (path, text, format) => {
    expect(formatOf(path, text)).toBe(format);
  });
});

describe('extract', () => {
  it.each([
    ['sysctl.conf', 'net.core.somaxconn = 1\n'],
    ['tuned.conf', '[sysctl]\nnet.core.somaxconn=1\n'],
    ['x.toml', '[settings.kernel.sysctl]\n"net.core.somaxconn" = "1"\n'],
    ['x.yaml', 'sysctl:\n  net.core.somaxconn: 1\n'],
    ['x.sh', 'sysctl -w net.core.somaxconn=1\n'],
    ['x.sh', 'kubectl apply -f - <<EOF\napiVersion: v1\nkind: Pod\nspec:\n  securityContext:\n    sysctls:\n    - name: net.core.somaxconn\n      value: "1"\nEOF\n'],
    ['x.sh', 'cat > compose.yaml <<EOF\nservices:\n  a:\n    image: x\n    sysctls:\n      - net.core.somaxconn=1\nEOF\n'],
    ['Dockerfile', 'FROM x\nRUN sysctl -w net.core.somaxconn=1\n'],
    ['x.service', '[Service]\nExecStart=/sbin/sysctl -w net.core.somaxconn=1\n'],
    ['x.tf', 'x { sysctls = { "net.core.somaxconn" = "1" } }\n'],
    ['x.nix', '{ boot.kernel.sysctl."net.core.somaxconn" = 1; }\n'],
    ['user-data', 'MIME-Version: 1.0\n\n--B\n\n#!/bin/sh\nsysctl -w net.core.somaxconn=1\n--B--\n'],
    ['x.md', '```sh\nsysctl -w net.core.somaxconn=1\n```\n'],
    ['x.md', '```yaml\nservices:\n  a:\n    image: x\n    sysctls:\n      - net.core.somaxconn=1\n```\n'],
    ['x.md', '```hcl\nx { sysctls = { "net.core.somaxconn" = "1" } }\n```\n'],
    ['x.md', '```nix\n{ boot.kernel.sysctl."net.core.somaxconn" = 1; }\n```\n'],
    ['x.md', '```toml\n[settings.kernel.sysctl]\n"net.core.somaxconn" = "1"\n```\n'],
    ['x.md', '```ini\n[sysctl]\nnet.core.somaxconn=1\n```\n'],
    ['x.md', '```\nnet.core.somaxconn = 1\n```\n'],
  ])('reads %s: %j', (path, text) => {
    const { statements, problems } = extract(path, text);
    expect(statements.map(({ key, value, keySpan, valueSpan }) => [key, value, text.slice(keySpan.start, keySpan.end), valueSpan && text.slice(valueSpan.start, valueSpan.end)])).toEqual([['net.core.somaxconn', '1', 'net.core.somaxconn', '1']]);
    expect(problems).toEqual([]);
  });

  it('says nothing of YAML on a page that is none', () => {
    expect(extract('x.md', '```yaml\nsysctls:\n  ...\n\t- net.core.somaxconn\n```\n').problems).toEqual([]);
  });

  it('reads nothing of other files', () => {
    expect(extract('main.c', 'net.core.somaxconn = 1\n')).toEqual({ statements: [], ports: [], problems: [] });
  });
});
