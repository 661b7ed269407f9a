import { describe, expect, it } from 'vitest';
import { extract } from './detect.ts';

const settings = (path: string, text: string): string[] => extract(path, text).statements.map(({ group, reach, means, key, value }) => `${group} ${reach} ${means} ${key}=${value}`);

describe('cloud-init', () => {
  it('reads what a #cloud-config writes and runs, in the order in which it does', () => {
    const text = `#cloud-config\nruncmd:\n- sysctl -w net.core.somaxconn=4\n- [sysctl, -w, net.core.somaxconn=5]\nwrite_files:\n- path: /etc/sysctl.d/a.conf\n  content: |\n    net.core.somaxconn = 2\n- path: /etc/sysctl.d/b.conf\n  encoding: b64\n  content: ${btoa('net.core.somaxconn = 3\n')}\n- path: /etc/sysctl.d/c.conf\n  encoding: gz+b64\n  content: H4sIAAAA\nbootcmd:\n- echo 1 > /proc/sys/net/core/somaxconn\n`;
    expect(settings('user-data', text)).toEqual([
      'host host redirection net.core.somaxconn=1',
      'host host sysctl-file net.core.somaxconn=2',
      'host host sysctl-file net.core.somaxconn=3',
      'host host command net.core.somaxconn=4',
      'host host command net.core.somaxconn=5',
    ]);
  });

  it('takes all of an encoded file for the place of what stands in it', () => {
    const encoded = btoa('net.core.somaxconn = 3\n');
    const text = `#cloud-config\nwrite_files:\n- {path: /etc/sysctl.d/b.conf, encoding: base64, content: ${encoded}}\n`;
    const [statement] = extract('x.yaml', text).statements;
    expect([statement?.keySpan, statement?.valueSpan].map((span) => span && text.slice(span.start, span.end))).toEqual([encoded, encoded]);
  });

  it('says which lines of a file set nothing, but for those of templates', () => {
    const text = '#cloud-config\nwrite_files:\n- path: /etc/sysctl.d/a.conf\n  content: |\n    net.core.somaxconn 4096\n    {% if x %}\n    /proc/sys/net/core/somaxconn = 1\n    {{ key }} = 1\n';
    expect(extract('x.yaml', text).problems.map(({ span, text: says }) => [text.slice(span.start, span.end), says.split(':')[0]])).toEqual([
      ['net.core.somaxconn 4096', 'neither "key = value" nor "-key"'],
      ['/proc/sys/net/core/somaxconn', 'keys are relative to /proc/sys'],
    ]);
  });

  it('reads the parts of a MIME message', () => {
    const text = 'Content-Type: multipart/mixed; boundary="B"\nMIME-Version: 1.0\n\n--B\nContent-Type: text/cloud-config\n\n#cloud-config\nruncmd: [sysctl -w net.core.somaxconn=1]\n\n--B\nContent-Type: text/x-shellscript\n\n#!/bin/sh\nsysctl -w net.core.somaxconn=2\n--B--\n';
    const { statements } = extract('user-data', text);
    expect(statements.map(({ valueSpan }) => valueSpan && text.slice(valueSpan.start, valueSpan.end))).toEqual(['1', '2']);
  });
});
