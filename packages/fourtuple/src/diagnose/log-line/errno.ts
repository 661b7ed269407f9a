/** The errors of network calls, by the name that Linux has for them; EAI_* are those of name resolution. */
export type ErrnoName =
  | 'EADDRINUSE'
  | 'EADDRNOTAVAIL'
  | 'EACCES'
  | 'EPERM'
  | 'EAGAIN'
  | 'EMFILE'
  | 'ENFILE'
  | 'ECONNREFUSED'
  | 'ETIMEDOUT'
  | 'ECONNRESET'
  | 'ECONNABORTED'
  | 'EPIPE'
  | 'EHOSTUNREACH'
  | 'EHOSTDOWN'
  | 'ENETUNREACH'
  | 'ENETDOWN'
  | 'EAFNOSUPPORT'
  | 'ENOBUFS'
  | 'ENOMEM'
  | 'EAI_NONAME'
  | 'EAI_AGAIN';

interface Errno {
  readonly name: ErrnoName;
  /** Linux's number, then Windows'. Other systems' numbers mean something else on Linux. */
  readonly numbers: readonly number[];
  /**
   * What programs write for it, lower case: glibc, then musl, libuv and Erlang, BSD, Rust, Windows where they differ,
   * then glibc in other languages. A capital letter that is not ASCII is left out: such are not folded.
   */
  readonly texts: readonly string[];
  /** Errors of files and memory as well: only network words beside it make it one of a socket. */
  readonly common?: true;
}

const ERRNOS: readonly Errno[] = [
  {
    name: 'EADDRINUSE',
    numbers: [98, 10048],
    texts: [
      'address already in use',
      'address in use',
      'addrinuse',
      'only one usage of each socket address',
      'adresse wird bereits verwendet',
      'adresse déjà utilisée',
      'dirección ya se está usando',
      'indirizzo già in uso',
      'endereço já em uso',
      'adres is al in gebruik',
      'adres jest już w użyciu',
      'дрес уже используется',
      'дресу вже використано',
      'adresa je užívána',
      'adres zaten kullanımda',
      'adressen redan upptagen',
      'adressen er allerede i brug',
      'アドレスは既に使用中です',
      '주소가 이미 사용 중입니다',
      '地址已在使用',
      '位址已經有在使用',
      'cím már használatban van',
    ],
  },
  {
    name: 'EADDRNOTAVAIL',
    numbers: [99, 10049],
    texts: [
      'cannot assign requested address',
      'address not available',
      "can't assign requested address",
      'addrnotavailable',
      'requested address is not valid in its context',
      'angeforderte adresse kann nicht zugewiesen werden',
      "ne peut attribuer l'adresse demandée",
      'no se puede asignar la dirección solicitada',
      "impossibile assegnare l'indirizzo richiesto",
      'impossível atribuir o endereço pedido',
      'não foi possível acessar o endereço requisitado',
      'kan verzochte adres niet toewijzen',
      'nie można przypisać żądanego adresu',
      'евозможно назначить запрошенный адрес',
      'е вдалося призначити вказану адресу',
      'požadovanou adresu nelze přiřadit',
      'stenen adres bulunamıyor',
      'kan inte tilldela begärd adress',
      'kan ikke tildele den ønskede adresse',
      '要求アドレスに割り当てられません',
      '요청한 주소를 배정할 수 없습니다',
      '无法指定被请求的地址',
      '無法指定所需的位址',
      'nem sikerült a kért címet hozzárendelni',
    ],
  },
  { name: 'EACCES', numbers: [13, 10013], texts: ['permission denied', 'forbidden by its access permissions'], common: true },
  { name: 'EPERM', numbers: [1], texts: ['operation not permitted'], common: true },
  { name: 'EAGAIN', numbers: [11], texts: ['resource temporarily unavailable'], common: true },
  { name: 'EMFILE', numbers: [24, 10024], texts: ['too many open files', 'no file descriptors available'] },
  { name: 'ENFILE', numbers: [23], texts: ['too many open files in system'] },
  { name: 'ECONNREFUSED', numbers: [111, 10061], texts: ['connection refused', 'connectionrefused', 'actively refused'] },
  { name: 'ETIMEDOUT', numbers: [110, 10060], texts: ['connection timed out', 'operation timed out', 'connect timed out', 'connection timeout'] },
  { name: 'ECONNRESET', numbers: [104, 10054], texts: ['connection reset', 'connectionreset', 'forcibly closed by the remote host'] },
  { name: 'ECONNABORTED', numbers: [103, 10053], texts: ['software caused connection abort', 'connectionaborted', 'connection aborted'] },
  { name: 'EPIPE', numbers: [32], texts: ['broken pipe', 'brokenpipe'], common: true },
  { name: 'EHOSTUNREACH', numbers: [113, 10065], texts: ['no route to host', 'host is unreachable', 'hostunreachable'] },
  { name: 'EHOSTDOWN', numbers: [112], texts: ['host is down'] },
  { name: 'ENETUNREACH', numbers: [101, 10051], texts: ['network is unreachable', 'network unreachable', 'networkunreachable'] },
  { name: 'ENETDOWN', numbers: [100], texts: ['network is down'] },
  { name: 'EAFNOSUPPORT', numbers: [97, 10047], texts: ['address family not supported'] },
  { name: 'ENOBUFS', numbers: [105, 10055], texts: ['no buffer space available'] },
  { name: 'ENOMEM', numbers: [12], texts: ['cannot allocate memory'], common: true },
  {
    name: 'EAI_NONAME',
    numbers: [],
    texts: ['name or service not known', 'no such host', 'name does not resolve', 'nodename nor servname', 'could not resolve host', 'enotfound', 'no address associated with hostname', 'unknownhostexception', 'nxdomain', 'host not found'],
  },
  { name: 'EAI_AGAIN', numbers: [], texts: ['temporary failure in name resolution', 'failure in name resolution'] },
];

/** Names that end a longer word are another word: eaccess, EPERMIT. */
const NAMES = new RegExp(String.raw`(?<![a-z0-9_])(${ERRNOS.map(({ name }) => name).join('|')})(?![a-z0-9_])`, 'i');

const byName = new Map(ERRNOS.map((errno) => [errno.name as string, errno]));
const byNumber = new Map(ERRNOS.flatMap((errno) => errno.numbers.map((number) => [number, errno.name] as const)));

/** Lower-case pieces of text, one of which is in every text that names an errno. */
export const ERRNO_SIGNS: readonly string[] = [...ERRNOS.map(({ name }) => name.toLowerCase()), ...ERRNOS.flatMap(({ texts }) => texts)];

export function errnoByName(name: string | undefined): ErrnoName | undefined {
  return name === undefined ? undefined : byName.get(name.toUpperCase())?.name;
}

export function errnoByNumber(number: number | string | undefined): ErrnoName | undefined {
  return number === undefined ? undefined : byNumber.get(Math.abs(Number(number)));
}

/** True for an error that files and memory have as well. */
export function isCommon(name: ErrnoName): boolean {
  return byName.get(name)?.common === true;
}

export interface FoundErrno {
  readonly name: ErrnoName;
  /** Where in the text it stands. */
  readonly index: number;
}

/** The errno that a text names or describes: one of ports where it has several, else the first. */
export function findErrno(text: string): FoundErrno | undefined {
  const lower = text.toLowerCase();
  let first: FoundErrno | undefined;
  for (const { name, texts } of ERRNOS) {
    const index = firstIndexOf(lower, texts);
    // 'too many open files' begins 'too many open files in system' too: the later entry is the longer text.
    if (index >= 0 && (first === undefined || index < first.index || (index === first.index && name === 'ENFILE'))) first = { name, index };
    if (first !== undefined && name === 'EADDRNOTAVAIL') return first;
  }
  const named = NAMES.exec(text);
  const name = errnoByName(named?.[1]);
  if (named !== null && name !== undefined && (first === undefined || (isOfPorts(name) && !isOfPorts(first.name)))) return { name, index: named.index };
  return first ?? findNumber(text);
}

function isOfPorts(name: ErrnoName): boolean {
  return name === 'EADDRINUSE' || name === 'EADDRNOTAVAIL';
}

const NUMBERED = /(?:\[errno |\(os error |\berrno[ =:]{1,3}|\bsocketexception \()-?(?<number>\d{1,5})(?!\d)/i;

function findNumber(text: string): FoundErrno | undefined {
  const found = NUMBERED.exec(text);
  const name = errnoByNumber(found?.groups?.['number']);
  return found === null || name === undefined ? undefined : { name, index: found.index };
}

function firstIndexOf(text: string, pieces: readonly string[]): number {
  let first = -1;
  for (const piece of pieces) {
    const index = text.indexOf(piece);
    if (index >= 0 && (first < 0 || index < first)) first = index;
  }
  return first;
}

/** The errno of a text that is known to tell of one, such as what stands in brackets. */
export function errnoOf(text: string | undefined): ErrnoName | undefined {
  return text === undefined ? undefined : findErrno(text)?.name;
}
