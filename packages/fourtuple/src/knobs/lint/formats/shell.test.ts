import { describe, expect, it } from 'vitest';
import { extractArguments, extractShell, findCommands } from './shell.ts';
import type { Extracted } from '../statement.ts';

const RANGE = 'net.ipv4.ip_local_port_range';
const REUSE = 'net.ipv4.tcp_tw_reuse';

function read(text: string): Extracted {
  return extractShell(text, { group: '', reach: 'host' });
}

/** Each setting as `key=value`, with what keeps it from working; the value must stand at its place but for quotes. */
function settings(text: string): string[] {
  return read(text).statements.map(({ key, value, flaw }) => `${key}=${value ?? '?'}${flaw === undefined ? '' : ` (${flaw})`}`);
}

/** Each setting as it is written: key, value, all of it. */
function written(text: string): string[][] {
  return read(text).statements.map(({ keySpan, valueSpan, span }) => [keySpan, valueSpan, span].map((one) => (one === undefined ? '?' : text.slice(one.start, one.end))));
}

describe('sysctl', () => {
  it.each([
    [`sysctl -w ${REUSE}=1`, [`${REUSE}=1`]],
    [`sysctl ${REUSE}=1`, [`${REUSE}=1`]],
    [`/usr/sbin/sysctl -q --write ${REUSE}=1 >/dev/null 2>&1`, [`${REUSE}=1`]],
    [`sysctl -we ${REUSE}=1 || true`, [`${REUSE}=1`]],
    ['sysctl -w net/ipv4/tcp_tw_reuse=1', [`${REUSE}=1`]],
    ['sysctl -w net.ipv4.conf.eth0/1.forwarding=1', ['net.ipv4.conf.eth0/1.forwarding=1']],
    [`sysctl -w ${RANGE}="1024 65535"`, [`${RANGE}=1024 65535`]],
    [`sysctl -w "${RANGE}=1024 65535"`, [`${RANGE}=1024 65535`]],
    [`sysctl -w '${RANGE}=1024\t65535'`, [`${RANGE}=1024\t65535`]],
    [`sysctl -w ${RANGE}=1024\\ 65535`, [`${RANGE}=1024 65535`]],
    [`sysctl -w ${RANGE}=$'1024\\t65535'`, [`${RANGE}=1024\t65535`]],
    [`sysctl -w "${REUSE} = 1"`, [`${REUSE}=1`]],
    [`sysctl -w ${REUSE}=1 ${RANGE}='1024 65000' net.core.somaxconn=4096`, [`${REUSE}=1`, `${RANGE}=1024 65000`, 'net.core.somaxconn=4096']],
    [`sysctl -w \\\n  ${REUSE}=1 \\\n  net.core.somaxconn=4096`, [`${REUSE}=1`, 'net.core.somaxconn=4096']],
    [`sysctl -w \\\r\n  ${REUSE}=1\r\n`, [`${REUSE}=1`]],
    ['sysctl -w net.ipv4.ip_local_reserved_ports=', ['net.ipv4.ip_local_reserved_ports=']],
    ['sysctl -w net.ipv4.ip_local_reserved_ports=""', ['net.ipv4.ip_local_reserved_ports=']],
    ['sysctl -w net.ipv4.ip_local_reserved_ports=3306,5432-5440', ['net.ipv4.ip_local_reserved_ports=3306,5432-5440']],
    [`sysctl -w -- -${REUSE}=1`, [`${REUSE}=1`]],
    [`a=1; sysctl -w ${REUSE}=1;sysctl -w net.core.somaxconn=1&&true`, [`${REUSE}=1`, 'net.core.somaxconn=1']],
    [`(sysctl -w ${REUSE}=1)`, [`${REUSE}=1`]],
    [`tune() { sysctl -w ${REUSE}=1; }`, [`${REUSE}=1`]],
    [`if ! sysctl -w ${REUSE}=1; then echo no; fi`, [`${REUSE}=1`]],
    [`case "$1" in start) sysctl -w ${REUSE}=1 ;; esac`, [`${REUSE}=1`]],
    [`out=$(sysctl -w ${REUSE}=1 2>&1)`, [`${REUSE}=1`]],
    [`echo "set: \`sysctl -w ${REUSE}=1\`"`, [`${REUSE}=1`]],
    [`[ "$(id -u)" = 0 ] && sysctl -w ${REUSE}=1`, [`${REUSE}=1`]],
  ])('%j', (text, expected) => {
    expect(settings(text)).toEqual(expected);
  });

  it.each([
    `sudo sysctl -w ${REUSE}=1`,
    `sudo -u root -E FOO=1 sysctl -w ${REUSE}=1`,
    `doas sysctl ${REUSE}=1`,
    `env -u X A=b sysctl -w ${REUSE}=1`,
    `LC_ALL=C nice -n 10 sysctl -w ${REUSE}=1`,
    `timeout -k 1 5 sysctl -w ${REUSE}=1`,
    `busybox sysctl -w ${REUSE}=1`,
    `chroot /host sysctl -w ${REUSE}=1`,
    `chroot /host /bin/sh -c 'sysctl -w ${REUSE}=1'`,
    `nsenter --target 1 --net -- sysctl -w ${REUSE}=1`,
    `nsenter -t 1 -m -u -i -n sysctl -w ${REUSE}=1`,
    `ip netns exec blue sysctl -w ${REUSE}=1`,
    `docker exec -it -u root web sysctl -w ${REUSE}=1`,
    `docker compose exec web sysctl -w ${REUSE}=1`,
    `kubectl -n x get pods; kubectl exec -it web -c main -- sysctl -w ${REUSE}=1`,
    `sh -c "sysctl -w ${REUSE}=1"`,
    `sudo bash -euxo pipefail -c 'sysctl -w ${REUSE}=1'`,
    `su - root -c 'sysctl -w ${REUSE}=1'`,
    `ssh -p 2222 root@192.0.2.1 sysctl -w ${REUSE}=1`,
    `ssh root@192.0.2.1 'sudo sysctl -w ${REUSE}=1'`,
    `ssh root@192.0.2.1 <<'END'\nsysctl -w ${REUSE}=1\nEND`,
    `sudo bash <<END\nsysctl -w ${REUSE}=1\nEND`,
    `eval "sysctl -w ${REUSE}=1"`,
    `retry 3 sysctl -w ${REUSE}=1`,
    `$SUDO sysctl -w ${REUSE}=1`,
    `"\${SYSCTL}" -w ${REUSE}=1`,
    `$ sysctl -w ${REUSE}=1`,
    `$ sudo sysctl ${REUSE}=1`,
    `root@web:~# sysctl -w ${REUSE}=1`,
    `[root@web ~]# sysctl -w ${REUSE}=1`,
  ])('%j writes', (text) => {
    expect(settings(text)).toEqual([`${REUSE}=1`]);
  });

  it.each([
    `sysctl ${REUSE}`,
    `sysctl -n ${REUSE} ${RANGE}`,
    'sysctl -p',
    'sysctl -p /etc/sysctl.d/x.conf',
    'sysctl --system',
    'sysctl --load=/etc/sysctl.conf',
    'sysctl -a | grep net.ipv4.tcp',
    `sysctl --dry-run ${REUSE}=1`,
    `sysctl -w $KEY=1`,
    `sysctl -w "net.ipv4.$name=1"`,
    'sysctl -w net.ipv4.conf.*.rp_filter=1',
    'sysctl -w net.ipv4.conf.{all,default}.rp_filter=1',
    'sysctl -w somaxconn=1',
    `# sysctl -w ${REUSE}=1`,
    `true # sysctl -w ${REUSE}=1`,
    `echo sysctl -w ${REUSE}=1`,
    `echo 'sysctl -w ${REUSE}=1'`,
    `grep -q 'sysctl -w ${REUSE}=1' x`,
    `alias x='sysctl -w ${REUSE}=1'`,
    `cat <<X\nsysctl -w ${REUSE}=1\nX`,
    `man sysctl -w ${REUSE}=1`,
    '',
    'sysctl',
    'sudo',
    'sudo -u',
    'docker run',
    'ip netns exec',
  ])('%j writes nothing', (text) => {
    expect(settings(text)).toEqual([]);
  });

  it.each([
    [`sysctl ${RANGE} = 1024 65535`, `${RANGE}=1024 65535 (blanks-around-equals)`],
    [`sysctl -w ${RANGE} = "1024 65535"`, `${RANGE}=1024 65535 (blanks-around-equals)`],
    [`sysctl -w ${REUSE} =1`, `${REUSE}=1 (blanks-around-equals)`],
    [`sysctl -w ${REUSE}= 1`, `${REUSE}=1 (blanks-around-equals)`],
    [`sysctl -w ${RANGE}=1024 65535`, `${RANGE}=1024 (value-not-quoted)`],
    ['sysctl -w net.ipv4.tcp_rmem=4096 87380 16777216', 'net.ipv4.tcp_rmem=4096 (value-not-quoted)'],
  ])('%s', (text, expected) => {
    expect(settings(text)).toEqual([expected]);
  });

  it('goes on behind a flaw', () => {
    expect(settings(`sysctl -w ${RANGE}=1024 65535 ${REUSE} = 1 net.core.somaxconn=2`)).toEqual([`${RANGE}=1024 (value-not-quoted)`, `${REUSE}=1 (blanks-around-equals)`, 'net.core.somaxconn=2']);
  });

  it.each(['"$LOW 65535"', '$X', '${LOW:-1024}\\ 65535', '"$(cat x)"', '`cat x`', '{{ .Values.range }}', '"{{ range | default(\'1 2\') }}"', "'{{ low }} 65535'", '<low>', '$((1 + 2))', '<%= low %>'])('does not know %s', (value) => {
    expect(settings(`sysctl -w ${RANGE}=${value}`)).toEqual([`${RANGE}=?`]);
    const bare = value.replace(/^(["'])(.*)\1$/, '$2');
    expect(written(`sysctl -w ${RANGE}=${value} # why`)).toEqual([[RANGE, bare, `sysctl -w ${RANGE}=${value}`]]);
  });
});

describe('places', () => {
  it.each([
    [`sudo sysctl -w ${RANGE}="1024 65535" # wide`, [[RANGE, '1024 65535', `sudo sysctl -w ${RANGE}="1024 65535"`]]],
    [`sysctl -w '${RANGE}=1024 65535' ${REUSE}=1`, [[RANGE, '1024 65535', `'${RANGE}=1024 65535'`], [REUSE, '1', `${REUSE}=1`]]],
    [`sysctl ${RANGE} = 1024 65535`, [[RANGE, '1024 65535', `sysctl ${RANGE} = 1024 65535`]]],
    [`sysctl -w ${RANGE}=1024 65535`, [[RANGE, '1024', `sysctl -w ${RANGE}=1024 65535`]]],
    [`if sysctl -w ${REUSE}=1; then :; fi`, [[REUSE, '1', `sysctl -w ${REUSE}=1`]]],
    [`$ sysctl -w ${REUSE}=1`, [[REUSE, '1', `sysctl -w ${REUSE}=1`]]],
    [`sudo sh -c 'sysctl -w ${REUSE}=1'`, [[REUSE, '1', `sysctl -w ${REUSE}=1`]]],
    [`sudo sh -c "sysctl -w ${RANGE}=\\"1024 65535\\""`, [[RANGE, '1024 65535', `sysctl -w ${RANGE}=\\"1024 65535\\"`]]],
    ['echo 1 | sudo tee /proc/sys/net/ipv4/tcp_tw_reuse', [['net/ipv4/tcp_tw_reuse', '1', 'echo 1 | sudo tee /proc/sys/net/ipv4/tcp_tw_reuse']]],
    ["printf '1024 65535\\n' >\"/proc/sys/net/ipv4/ip_local_port_range\"", [['net/ipv4/ip_local_port_range', '1024 65535', "printf '1024 65535\\n' >\"/proc/sys/net/ipv4/ip_local_port_range\""]]],
    [`echo '${REUSE} = 1' >> /etc/sysctl.conf`, [[REUSE, '1', `echo '${REUSE} = 1' >> /etc/sysctl.conf`]]],
    [`cat > /etc/sysctl.d/x.conf <<X\n${REUSE} = 1\nX\n`, [[REUSE, '1', `${REUSE} = 1`]]],
    [`docker run --sysctl ${REUSE}=1 nginx`, [[REUSE, '1', `--sysctl ${REUSE}=1`]]],
    [`docker run --sysctl="${RANGE}=1024 65000" nginx`, [[RANGE, '1024 65000', `--sysctl="${RANGE}=1024 65000"`]]],
    [`docker run --privileged nginx sysctl -w ${REUSE}=1`, [[REUSE, '1', `sysctl -w ${REUSE}=1`]]],
  ])('%j', (text, expected) => {
    expect(written(text)).toEqual(expected);
  });
});

describe('redirections', () => {
  it.each([
    ['echo 1 > /proc/sys/net/ipv4/tcp_tw_reuse', `${REUSE}=1`],
    ['echo -n "1" >/proc/sys/net/ipv4/tcp_tw_reuse', `${REUSE}=1`],
    ['> /proc/sys/net/ipv4/tcp_tw_reuse echo 1', `${REUSE}=1`],
    ['echo 1024 65535 > /proc/sys/net/ipv4/ip_local_port_range', `${RANGE}=1024 65535`],
    ['echo -e "1024\\t65535" > /host/proc/sys/net/ipv4/ip_local_port_range', `${RANGE}=1024\t65535`],
    ['printf "%s %d" 1024 65535 > /proc/sys/net/ipv4/ip_local_port_range', `${RANGE}=1024 65535`],
    ['printf 1 > /proc/sys/net/ipv4/tcp_tw_reuse', `${REUSE}=1`],
    ['cat <<< 1 > /proc/sys/net/ipv4/tcp_tw_reuse', `${REUSE}=1`],
    ['sudo tee /proc/sys/net/ipv4/tcp_tw_reuse <<< 1 >/dev/null', `${REUSE}=1`],
    ['echo 1 | sudo tee -a /proc/sys/net/ipv4/tcp_tw_reuse', `${REUSE}=1`],
    ["sudo sh -c 'echo 1 > /proc/sys/net/ipv4/tcp_tw_reuse'", `${REUSE}=1`],
    ['echo $X > /proc/sys/net/ipv4/tcp_tw_reuse', `${REUSE}=?`],
    ['cat saved > /proc/sys/net/ipv4/tcp_tw_reuse', `${REUSE}=?`],
    ['sed s/a/b/ x | sudo tee /proc/sys/net/ipv4/tcp_tw_reuse', `${REUSE}=?`],
    // The number is that of the file: an empty line is written.
    ['echo 1>/proc/sys/net/ipv4/tcp_tw_reuse', `${REUSE}=`],
    ['sudo echo 1 > /proc/sys/net/ipv4/tcp_tw_reuse', `${REUSE}=1 (redirected-by-shell)`],
    [`sudo echo "${REUSE} = 1" >> /etc/sysctl.conf`, `${REUSE}=1 (redirected-by-shell)`],
  ])('%s', (text, expected) => {
    expect(settings(text)).toEqual([expected]);
  });

  it.each([
    'cat /proc/sys/net/ipv4/tcp_tw_reuse',
    'echo 1 > /proc/sys/net/ipv4/conf/*/rp_filter',
    'echo 1 > "/proc/sys/net/ipv4/$x"',
    'cat < /proc/sys/net/ipv4/tcp_tw_reuse',
    'make 2> /proc/sys/net/ipv4/tcp_tw_reuse',
    '> /proc/sys/net/ipv4/tcp_tw_reuse',
    'echo 1 > /proc/sys',
    'echo 1 >',
    'echo 1 >&2',
    'tee',
  ])('%s sets nothing', (text) => {
    expect(settings(text)).toEqual([]);
  });
});

describe('files of settings', () => {
  const both = [`${REUSE}=1`, 'net.core.somaxconn=4096'];
  const lines = `${REUSE} = 1\nnet.core.somaxconn=4096`;

  it.each([
    `cat > /etc/sysctl.d/x.conf <<EOF\n${lines}\nEOF`,
    `cat <<'EOF' > /etc/sysctl.d/x.conf\n${lines}\nEOF\n`,
    `cat <<-"EOF" >> "$ROOT/etc/sysctl.conf"\n\t${REUSE} = 1\n\tnet.core.somaxconn=4096\n\tEOF\n`,
    `cat << EOF | sudo tee -a /etc/sysctl.d/99-x.conf > /dev/null\n${lines}\nEOF`,
    `sudo tee /etc/sysctl.d/x.conf >/dev/null <<EOF && sysctl --system\n${lines}\nEOF`,
    `sudo bash -c "cat > /etc/sysctl.d/x.conf <<EOF\n${lines}\nEOF"`,
    `printf '%s\\n' '${REUSE} = 1' 'net.core.somaxconn=4096' > /etc/sysctl.d/x.conf`,
    `echo -e "${REUSE} = 1\\nnet.core.somaxconn=4096" >> /etc/sysctl.conf`,
    `echo "${lines}" >> $SYSCTL_FILE`,
    `{\n  echo '${REUSE} = 1'\n  echo 'net.core.somaxconn=4096'\n} >> /etc/sysctl.conf`,
    `{ echo '${REUSE} = 1'; echo 'net.core.somaxconn=4096'; } | sudo tee /etc/sysctl.d/x.conf`,
    `sysctl -p - <<EOF\n${lines}\nEOF`,
    `echo '${lines}' | sudo sysctl -p /dev/stdin`,
    `cat > tune.sh <<'EOF'\n#!/bin/sh\nsysctl -w ${REUSE}=1\nsysctl -w net.core.somaxconn=4096\nEOF`,
    `cat > /etc/systemd/system/x.service <<EOF\n[Service]\nExecStart=/sbin/sysctl -w ${REUSE}=1 net.core.somaxconn=4096\nEOF`,
  ])('%j', (text) => {
    expect(settings(text)).toEqual(both);
  });

  it('knows what a here-document does not say', () => {
    expect(settings(`cat > /etc/sysctl.d/x.conf <<EOF\n${RANGE} = $LOW 65535\n${REUSE} = \\$X\nEOF`)).toEqual([`${RANGE}=?`, `${REUSE}=?`]);
  });

  it('reads two here-documents of a line', () => {
    expect(settings(`cat > /etc/sysctl.d/a.conf <<A; cat > /etc/sysctl.d/b.conf <<B\n${REUSE} = 1\nA\n${REUSE} = 2\nB\nsysctl -w ${REUSE}=0`)).toEqual([`${REUSE}=1`, `${REUSE}=2`, `${REUSE}=0`]);
  });

  it('does not take what follows for a here-document that does not end', () => {
    expect(settings(`cat > /etc/sysctl.d/a.conf <<A\nsysctl -w ${REUSE}=0`)).toEqual([`${REUSE}=0`]);
  });

  it('gives other files to those who know them', () => {
    const given: string[][] = [];
    const inner = (path: string, content: string): Extracted => {
      given.push([path, content]);
      return { statements: [], ports: [], problems: [{ span: { start: 0, end: 2 }, text: 'x' }] };
    };
    const text = 'kubectl apply -f - <<X\na: 1\nX\ncat > $D/x.yaml <<X\nb: 1\nX\n';
    const { problems } = extractShell(text, { group: '', reach: 'host', inner });
    expect(given).toEqual([['kubectl', 'a: 1\n'], ['x/x.yaml', 'b: 1\n']]);
    expect(problems.map(({ span }) => text.slice(span.start, span.end))).toEqual(['a:', 'b:']);
  });
});

describe('containers', () => {
  const places = (text: string): unknown[] => read(text).statements.map(({ group, reach, sharesHostNetwork, means, key, value }) => [group, reach, sharesHostNetwork, means, `${key}=${value}`]);

  it('gives each a group', () => {
    expect(places(`docker run --sysctl ${REUSE}=1 nginx\n\npodman create --net=host --sysctl=${REUSE}=1 --sysctl '${RANGE}=1 2' x`)).toEqual([
      ['docker run:1', 'container', false, 'field', `${REUSE}=1`],
      ['podman create:3', 'container', true, 'field', `${REUSE}=1`],
      ['podman create:3', 'container', true, 'field', `${RANGE}=1 2`],
    ]);
  });

  it.each([
    `docker run -d --name x --sysctl ${RANGE}=1024 65535 nginx`,
    `docker container run -it --rm -v /a:/b --sysctl=${RANGE}=1024 65535 nginx`,
  ])('%s', (text) => {
    expect(settings(text)).toEqual([`${RANGE}=1024 (value-not-quoted)`]);
  });

  it.each([
    [`docker -H tcp://192.0.2.1 service create --sysctl ${REUSE}=1 x`, [`${REUSE}=1`]],
    [`nerdctl run -d \\\n  --sysctl ${REUSE}=1 \\\n  --sysctl net.core.somaxconn=4096 \\\n  nginx`, [`${REUSE}=1`, 'net.core.somaxconn=4096']],
    [`docker run nginx --sysctl ${REUSE}=1`, []],
    [`docker build --sysctl ${REUSE}=1 .`, []],
    [`docker run --sysctl "$X" nginx`, []],
    ['docker run --sysctl', []],
    [`docker run --rm --privileged --network host alpine sh -c 'sysctl -w ${REUSE}=1'`, [`${REUSE}=1`]],
  ])('%s', (text, expected) => {
    expect(settings(text)).toEqual(expected);
  });

  it('knows the network of a command inside', () => {
    expect(places(`docker run --rm --net host alpine sysctl -w ${REUSE}=1`)).toEqual([['docker run:1', 'container', true, 'command', `${REUSE}=1`]]);
  });

  it.each([
    ['-p 80 nginx', ['80']],
    ['-p 8080:80 nginx', ['80']],
    ['-dp 127.0.0.1:8080:80/udp nginx', ['80']],
    ['--publish=[2001:db8::1]:8080:443/tcp --expose 9000 nginx', ['443', '9000']],
    ['--publish published=8080,target=81 nginx', ['81']],
    ['-p $PORT:80 -p 80:$PORT nginx', ['80']],
    ['--network host -p 80:80 nginx', []],
    ['-p 0 -p 70000 -p x nginx', []],
  ])('docker run %s', (options, expected) => {
    const text = `docker run ${options}`;
    const { ports } = read(text);
    expect(ports.map(({ span }) => text.slice(span.start, span.end))).toEqual(expected);
    expect(ports.map(({ port }) => port)).toEqual(expected.map((port) => Number.parseInt(port, 10)));
  });

  it('takes the ends of a range of ports', () => {
    expect(read('docker run -p 5000-5010:6000-6010 x').ports.map(({ port }) => port)).toEqual([6000, 6010]);
  });
});

describe('groups', () => {
  it.each([
    [`ip netns exec blue sysctl -w ${REUSE}=1`, 'host/ip netns exec blue', 'host'],
    [`nsenter -t 1 -n -- sysctl -w ${REUSE}=1`, 'host/nsenter -t 1 -n', 'host'],
    [`docker exec web sysctl -w ${REUSE}=1`, 'host/docker exec web', 'host'],
    ['sudo ip netns exec blue echo 1 > /proc/sys/net/ipv4/tcp_tw_reuse', 'host', 'host'],
    ['echo 1 | sudo ip netns exec blue tee /proc/sys/net/ipv4/tcp_tw_reuse', 'host/ip netns exec blue', 'host'],
  ])('%s', (text, group, reach) => {
    expect(extractShell(text, { group: 'host', reach: 'host' }).statements).toMatchObject([{ group, reach }]);
  });

  it('leaves a pod with nsenter', () => {
    const text = `nsenter --target=1 --net sysctl -w ${REUSE}=1; sysctl -w ${REUSE}=1`;
    expect(extractShell(text, { group: 'p', reach: 'pod', sharesHostNetwork: true }).statements).toMatchObject([{ reach: 'node' }, { reach: 'pod', group: 'p', sharesHostNetwork: true }]);
  });
});

describe('comments', () => {
  it.each([
    [`# Less\n#   TIME_WAIT\nsysctl -w ${REUSE}=1 # really`, 'Less TIME_WAIT really'],
    [`# far\n\nsysctl -w ${REUSE}=1`, ''],
    [`#!/bin/sh\nsysctl -w ${REUSE}=1`, ''],
    [`# sets\nsudo sh -c 'sysctl -w ${REUSE}=1'`, 'sets'],
    [`# above\nsysctl -w \\\n  ${REUSE}=1 # behind`, 'above behind'],
    [`{\n  # inside\n  echo '${REUSE} = 1'\n} > /etc/sysctl.d/x.conf`, 'inside'],
    [`cat > /etc/sysctl.d/x.conf <<X\n# in it\n${REUSE} = 1\nX`, 'in it'],
    [`sysctl -w ${REUSE}=1; true # behind both`, 'behind both'],
    [`echo '#'; sysctl -w ${REUSE}=1`, ''],
  ])('%j', (text, expected) => {
    expect(read(text).statements.map(({ comment }) => comment)).toEqual([expected]);
  });
});

describe('extractArguments', () => {
  const argumentsOf = (...words: string[]): Extracted => {
    const text = words.join('|');
    let at = 0;
    const args = words.map((word) => {
      const start = at;
      at += word.length + 1;
      return { text: word, map: (offset: number) => start + offset };
    });
    const found = extractArguments(args, { group: 'c', reach: 'pod' });
    return { ...found, statements: found.statements.map((one) => ({ ...one, comment: text.slice(one.keySpan.start, one.valueSpan?.end) })) };
  };

  it.each([
    [['sysctl', '-w', `${RANGE}=1024 65535`], `${RANGE}=1024 65535`, '1024 65535'],
    [['sh', '-c', `sysctl -w ${REUSE}=1`], `${REUSE}=1`, '1'],
    [['/bin/sh', '-ec', `set -x\nsysctl -w ${REUSE}=1\n`], `${REUSE}=1`, '1'],
    [['sysctl', '-w', `${REUSE}={{ .Values.reuse }}`], `${REUSE}={{ .Values.reuse }}`, undefined],
    [['sysctl', '-w', `${REUSE}=$(REUSE)`], `${REUSE}=$(REUSE)`, undefined],
  ])('%j', (words, written, value) => {
    expect(argumentsOf(...words).statements).toMatchObject([{ comment: written, value, reach: 'pod' }]);
  });

  it('reads no words', () => {
    expect(argumentsOf().statements).toEqual([]);
    expect(argumentsOf('').statements).toEqual([]);
  });
});

describe('findCommands', () => {
  it('names programs, pipes and lines', () => {
    const text = '# look\nsudo ss -tulnp\ncat /proc/net/tcp | wc -l # count\nsh -c "netstat -an | grep $X"\nfor i in 1; do\n  nc localhost 8080 &\ndone';
    expect(findCommands(text).map(({ name, args, line, isPiped, span }) => [line, name, args.join(','), isPiped, text.slice(span.start, span.end)])).toEqual([
      [2, 'ss', '-tulnp', false, 'sudo ss -tulnp'],
      [3, 'cat', '/proc/net/tcp', false, 'cat /proc/net/tcp'],
      [3, 'wc', '-l', true, 'wc -l'],
      [4, 'sh', '-c,"netstat -an | grep $X"', false, 'sh -c "netstat -an | grep $X"'],
      [4, 'netstat', '-an', false, 'netstat -an'],
      [4, 'grep', '$X', true, 'grep $X'],
      [5, 'for', 'i,in,1', false, 'for i in 1'],
      [6, 'nc', 'localhost,8080', false, 'nc localhost 8080'],
      [7, 'done', '', false, 'done'],
    ]);
  });
});
