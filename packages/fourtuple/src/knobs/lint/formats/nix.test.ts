import { describe, expect, it } from 'vitest';
import { extractNix } from './nix.ts';

/** `KEY=VALUE`, with the source of both where it is another. */
function settings(text: string): string[] {
  return extractNix(text).statements.map(({ key, value, keySpan, valueSpan }) => {
    const source = `${text.slice(keySpan.start, keySpan.end)}=${valueSpan && text.slice(valueSpan.start, valueSpan.end)}`;
    return source === `${key}=${value}` ? source : `${key}=${value} from ${source}`;
  });
}

describe('NixOS', () => {
  it.each([
    ['{ boot.kernel.sysctl = { "net.core.somaxconn" = 1024; "net.ipv4.ip_local_port_range" = "1024 65535"; }; }', ['net.core.somaxconn=1024', 'net.ipv4.ip_local_port_range=1024 65535']],
    ['{ boot.kernel.sysctl."net.core.somaxconn" = 1024; }', ['net.core.somaxconn=1024']],
    ['{ config, lib, ... }:\n{\n  boot = {\n    loader.grub.enable = true;\n    kernel = { sysctl = { "net.core.somaxconn" = 1024; }; };\n    kernel.sysctl."vm.swappiness" = 1;\n  };\n}', ['net.core.somaxconn=1024', 'vm.swappiness=1']],
    ['{ boot.kernel.sysctl = lib.mkIf config.x.enable { "net.core.somaxconn" = 1; } // { "vm.swappiness" = 2; }; }', ['net.core.somaxconn=1', 'vm.swappiness=2']],
    ['{ config = lib.mkMerge [ { boot.kernel.sysctl."net.core.somaxconn" = 1; } { boot.kernel.sysctl."vm.swappiness" = 2; } ]; }', ['net.core.somaxconn=1', 'vm.swappiness=2']],
    ['{ boot.kernel.sysctl."net.core.somaxconn" = lib.mkDefault 1024; }', ['net.core.somaxconn=1024']],
    ['{ boot.kernel.sysctl."net.core.somaxconn" = (lib.mkForce "1024"); }', ['net.core.somaxconn=1024']],
    ['{ boot.kernel.sysctl."net.core.somaxconn" = lib.mkOverride 50 1024; }', ['net.core.somaxconn=1024']],
    ['{ boot.kernel.sysctl."net.ipv4.tcp_tw_reuse" = true; }', ['net.ipv4.tcp_tw_reuse=1 from net.ipv4.tcp_tw_reuse=true']],
    ['{ boot.kernel.sysctl."net.ipv4.tcp_tw_reuse" = null; }', []],
    ['{ boot.kernel.sysctl."net.core.somaxconn" = cfg.max * 2; }', ['net.core.somaxconn=undefined from net.core.somaxconn=cfg.max * 2']],
    ['{ boot.kernel.sysctl."net.core.somaxconn" = "${toString cfg.max}"; }', ['net.core.somaxconn=undefined from net.core.somaxconn=${toString cfg.max}']],
    ['{ boot.kernel.sysctl."net.ipv4.conf.${iface}.rp_filter" = 1; }', []],
    ['{ boot.kernel.sysctl = { /* "net.core.somaxconn" = 1; */ # "vm.swappiness" = 2;\n }; other.sysctl."net.core.somaxconn" = 1; }', []],
    ['{ environment.etc."sysctl.d/60-x.conf".text = \'\'\n  net.core.somaxconn = 1\n  vm.swappiness = 2\n\'\'; }', ['net.core.somaxconn=1', 'vm.swappiness=2']],
  ])('%s', (text, expected) => {
    expect(settings(text)).toEqual(expected);
  });

  it('gives comments and the place of the binding', () => {
    const text = '{\n  boot.kernel.sysctl = {\n    # fewer in TIME_WAIT\n    "net.ipv4.tcp_fin_timeout" = 15; # seconds\n  };\n}\n';
    const [statement] = extractNix(text).statements;
    expect(statement).toMatchObject({ reach: 'host', group: 'host', comment: 'fewer in TIME_WAIT seconds' });
    expect(text.slice(statement?.span.start, statement?.span.end)).toBe('"net.ipv4.tcp_fin_timeout" = 15;');
  });
});
