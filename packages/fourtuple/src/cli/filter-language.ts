export interface FilterTerm {
  readonly term: string;
  readonly meaning: string;
}

/** The filter language of `sockets`, for the man page and the reference. A test holds it against the parser. */
export const filterLanguage: readonly FilterTerm[] = [
  {
    term: 'state NAME[,NAME...]',
    meaning:
      'Sockets in these states: established, syn-sent, syn-recv, fin-wait-1, fin-wait-2, time-wait, closed, close-wait, last-ack, listening, closing, bound-inactive. Or groups of them: all; connected, which is all but closed, listening and bound-inactive; synchronized, which is connected without syn-sent; bucket, which is time-wait and syn-recv; big, which is all but these two and bound-inactive. Several add up; without any it is all. Stands before the conditions.',
  },
  { term: 'exclude NAME[,NAME...]', meaning: 'Not sockets in these states. Stands before the conditions.' },
  { term: 'sport OP PORT, dport OP PORT', meaning: 'Local or remote port. OP is = != < <= > >= or eq ne lt le gt ge, and may be left out for =. PORT is a number, a name of /etc/services, or LOW-HIGH, with or without a colon before it.' },
  { term: 'src HOST, dst HOST', meaning: 'Local or remote address: ADDRESS, PREFIX/LENGTH, ADDRESS:PORT, [IPv6]:PORT, *:PORT. Names are not looked up. = and != may stand before it.' },
  { term: 'autobound', meaning: 'The port was not asked for by its number.' },
  { term: 'dev NAME', meaning: 'Bound to this network interface.' },
  { term: 'fwmark MARK[/MASK]', meaning: 'Carries this firewall mark.' },
  { term: 'cgroup PATH', meaning: 'Made in this control group of version 2.' },
  { term: 'not, and, or', meaning: 'Also written ! & && | ||. "and" binds tighter than "or", and is meant where two conditions stand side by side. Brackets group; they have to be quoted from the shell, as < > ! & | have.' },
];
