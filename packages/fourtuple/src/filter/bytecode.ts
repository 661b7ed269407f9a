import type { Expression, HostCondition } from './expression.ts';

// Operations of include/uapi/linux/inet_diag.h. S_EQ, D_EQ and CGROUP_COND need Linux 5.8 (a kernel without them
// answers EINVAL); the ranges are written with GE and LE, which every kernel knows.
const JMP = 1;
const S_GE = 2;
const S_LE = 3;
const D_GE = 4;
const D_LE = 5;
const AUTO = 6;
const S_COND = 7;
const D_COND = 8;
const DEV_COND = 9;
const MARK_COND = 10;
const CGROUP_COND = 13;

const AF_UNSPEC = 0;
const AF_INET = 2;
const AF_INET6 = 10;
const OP_BYTES = 4;
/** The jump when a condition fails is 16 bits wide. */
const MOST_BYTES = 0xfff0;
const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Instructions; a jump of `length + 4` from an operation leaves the program as "no". */
type Code = DataView[];

/**
 * Compiles an expression to the kernel's filter bytecode. Every operation jumps forward by `yes` or `no` bytes;
 * arriving exactly at the end accepts, jumping past it rejects (`inet_diag_bc_run`).
 * @returns undefined when the program would be longer than its jumps can reach.
 */
export function compileFilter(expression: Expression): Uint8Array | undefined {
  const code = compile(expression);
  const length = lengthOf(code);
  if (length > MOST_BYTES) return undefined;
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of code) {
    bytes.set(new Uint8Array(part.buffer), at);
    at += part.byteLength;
  }
  return bytes;
}

function compile(expression: Expression): Code {
  switch (expression.kind) {
    case 'and':
      return both(compile(expression.left), compile(expression.right));
    case 'or':
      return either(compile(expression.left), compile(expression.right));
    case 'not':
      return negate(compile(expression.operand));
    case 'port': {
      const [atLeast, atMost] = expression.side === 'source' ? [S_GE, S_LE] : [D_GE, D_LE];
      if (expression.low > expression.high) return negate(portOp(atLeast, 0));
      return both(portOp(atLeast, expression.low), portOp(atMost, expression.high));
    }
    case 'host':
      return hostOp(expression);
    case 'autobound':
      return op(AUTO, OP_BYTES);
    case 'device':
      return op(DEV_COND, 8, (view) => view.setUint32(4, expression.index, LITTLE_ENDIAN));
    case 'mark':
      return op(MARK_COND, 12, (view) => {
        view.setUint32(4, expression.mark, LITTLE_ENDIAN);
        view.setUint32(8, expression.mask, LITTLE_ENDIAN);
      });
    case 'cgroup':
      return op(CGROUP_COND, 12, (view) => view.setBigUint64(4, BigInt(expression.id), LITTLE_ENDIAN));
  }
}

/** One operation of `bytes` bytes with its argument. */
function op(code: number, bytes: number, fill: (view: DataView) => void = () => undefined): Code {
  const view = new DataView(new ArrayBuffer(bytes));
  view.setUint8(0, code);
  view.setUint8(1, bytes);
  view.setUint16(2, bytes + OP_BYTES, LITTLE_ENDIAN);
  fill(view);
  return [view];
}

/** A port comparison carries its port in the `no` field of a second operation. */
function portOp(code: number, port: number): Code {
  return op(code, 8, (view) => view.setUint16(6, port, LITTLE_ENDIAN));
}

/** struct inet_diag_hostcond: family, prefix length, port (-1 for any), address. */
function hostOp({ side, block, port }: HostCondition): Code {
  const addressBytes = block === undefined ? 0 : block.family === 'ipv4' ? 4 : 16;
  return op(side === 'source' ? S_COND : D_COND, 12 + addressBytes, (view) => {
    view.setUint8(4, block === undefined ? AF_UNSPEC : block.family === 'ipv4' ? AF_INET : AF_INET6);
    view.setUint8(5, block?.bits ?? 0);
    view.setInt32(8, port ?? -1, LITTLE_ENDIAN);
    if (block === undefined) return;
    const { w0, w1, w2, w3 } = block.address;
    const words = block.family === 'ipv4' ? [w3] : [w0, w1, w2, w3];
    words.forEach((word, index) => view.setUint32(12 + index * 4, word));
  });
}

function both(left: Code, right: Code): Code {
  lengthenRefusals(left, lengthOf(right));
  return [...left, ...right];
}

/** Where `left` accepts, a jump skips `right`; where it refuses, its refusal already lands behind that jump. */
function either(left: Code, right: Code): Code {
  return [...left, ...jump(lengthOf(right) + OP_BYTES), ...right];
}

/** Where the operand accepts, a jump leaves past the end; where it refuses, it lands on the end. */
function negate(operand: Code): Code {
  return [...operand, ...jump(2 * OP_BYTES)];
}

function jump(distance: number): Code {
  const [view] = op(JMP, OP_BYTES);
  view!.setUint16(2, distance, LITTLE_ENDIAN);
  return [view!];
}

/** Makes every refusal of a program that gets a tail of `more` bytes still jump past the end. */
function lengthenRefusals(code: Code, more: number): void {
  let left = lengthOf(code);
  for (const view of code) {
    const no = view.getUint16(2, LITTLE_ENDIAN);
    if (no === left + OP_BYTES) view.setUint16(2, no + more, LITTLE_ENDIAN);
    left -= view.byteLength;
  }
}

function lengthOf(code: Code): number {
  return code.reduce((sum, view) => sum + view.byteLength, 0);
}
