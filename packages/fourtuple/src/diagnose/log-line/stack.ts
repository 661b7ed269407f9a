type Call = 'bind' | 'connect' | 'source' | 'datagram';

/** Stack frames that tell the call, where the text of the error does not. */
const FRAMES: readonly (readonly [RegExp, Call])[] = [
  [/\bat [\w./$@]{0,120}\b(?:Net\.bind|Net\.listen|PlainSocketImpl\.socketBind|NioSocketImpl\.bind|ServerSocket\.bind|bindResolved)/, 'bind'],
  [/\bat [\w./$@]{0,120}\b(?:Net\.connect|Net\.pollConnect|PlainSocketImpl\.socketConnect|NioSocketImpl\.connect|NioSocketImpl\.timedFinishConnect|SocketChannelImpl\.connect|SocketChannelImpl\.finishConnect)/, 'connect'],
  [/\bat (?:Object\.)?listen \(ext:deno_net/, 'bind'],
  [/\bat (?:Object\.)?connect \(ext:deno_net/, 'connect'],
  [/\bat System\.Net\.Sockets\.Socket\.(?:Do)?Bind\b|\bSocketBind\b|\bat System\.Net\.Sockets\.TcpListener/, 'bind'],
  [/\bat System\.Net\.(?:Sockets\.Socket\.(?:Do)?Connect|Http\.(?:HttpConnectionPool|ConnectHelper)\.)|ConnectAsync|WaitForConnect/, 'connect'],
];

/** Frames above bind() in the JDK: of a UDP socket, and of a socket that is going to connect. */
const UDP_FRAME = /\bat [\w./$@]{0,120}\bDatagram(?:ChannelImpl|Socket)\./;
const CLIENT_FRAME = /\bat (?:java\.base\/)?java\.net\.Socket\.(?:bind|<init>)\(/;

/** Python shows the source line of each frame, the innermost last. */
const SOURCE_LINE = /\.(?<call>bind|connect|connect_ex|listen|create_connection|create_server)\((?<argument>\w{0,40})/g;

/**
 * The call that a stack trace in the text ends in: 'source' is bind() of a client's source address, 'datagram' bind()
 * of a UDP socket.
 * @returns undefined where the text has no trace, or one of a language that is not known.
 */
export function callOfStack(text: string): Call | undefined {
  if (!text.includes('\n')) return undefined;
  let first: { at: number; call: Call } | undefined;
  for (const [frame, call] of FRAMES) {
    const at = frame.exec(text)?.index;
    if (at !== undefined && (first === undefined || at < first.at)) first = { at, call };
  }
  if (first?.call === 'bind') return UDP_FRAME.test(text) ? 'datagram' : CLIENT_FRAME.test(text) ? 'source' : 'bind';
  if (first !== undefined) return first.call;
  const last = [...text.matchAll(SOURCE_LINE)].at(-1)?.groups;
  if (last === undefined) return undefined;
  if (last['call'] === 'bind' && /^(?:source_address|local_address|local_addr|laddr)/.test(last['argument'] ?? '')) return 'source';
  return last['call']?.startsWith('c') === true && last['call'] !== 'create_server' ? 'connect' : 'bind';
}
