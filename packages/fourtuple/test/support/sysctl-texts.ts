import fc from 'fast-check';

const pieces = ['net', 'ipv4', 'ip_forward', 'conf', 'eth0.1', 'a', '.', '/', '..', '=', '-', '#', ';', ' ', '\t', '\r', '\v', '\n', '\0', '*', '?', '[', ']', '!', '^', '\\', '1', '"', '[:alpha:]', '[a-z]', 'é', '\ufeff', '\ufffd', '\u{1f600}', '\ud800'];

/** Texts that look like files of sysctl.conf(5), and any text. */
export const sysctlFileTexts: fc.Arbitrary<string> = fc.oneof(
  fc.array(fc.constantFrom(...pieces), { maxLength: 60 }).map((parts) => parts.join('')),
  fc.string({ unit: 'binary', maxLength: 200 }),
);
