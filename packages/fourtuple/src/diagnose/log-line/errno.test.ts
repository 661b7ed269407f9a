import { describe, expect, it } from 'vitest';
import { errnoByName, errnoByNumber, errnoOf, findErrno, isCommon } from './errno.ts';

describe('errno', () => {
  it.each([
    ['Address already in use', 'EADDRINUSE'],
    ['Address in use', 'EADDRINUSE'],
    ['Cannot assign requested address', 'EADDRNOTAVAIL'],
    ['Address not available', 'EADDRNOTAVAIL'],
    ["Can't assign requested address", 'EADDRNOTAVAIL'],
    ['code: EADDRNOTAVAIL', 'EADDRNOTAVAIL'],
    ['{error,eaddrinuse}', 'EADDRINUSE'],
    ['kind: AddrNotAvailable', 'EADDRNOTAVAIL'],
    ['[Errno 99]', 'EADDRNOTAVAIL'],
    ['(os error 98)', 'EADDRINUSE'],
    ['errno=-98', 'EADDRINUSE'],
    ['SocketException (10048)', 'EADDRINUSE'],
    ['Too many open files', 'EMFILE'],
    ['Too many open files in system', 'ENFILE'],
    ['Connection refused, then Address already in use', 'EADDRINUSE'],
    ['Connection refused EADDRNOTAVAIL', 'EADDRNOTAVAIL'],
    ['Connection reset by peer', 'ECONNRESET'],
    ['Die Adresse wird bereits verwendet', 'EADDRINUSE'],
    ["Ne peut attribuer l'adresse demandée", 'EADDRNOTAVAIL'],
    ['Адрес уже используется', 'EADDRINUSE'],
    ['Невозможно назначить запрошенный адрес', 'EADDRNOTAVAIL'],
    ['İstenen adres bulunamıyor', 'EADDRNOTAVAIL'],
    ['地址已在使用', 'EADDRINUSE'],
    ['要求アドレスに割り当てられません', 'EADDRNOTAVAIL'],
  ])('%s', (text, name) => {
    expect(errnoOf(text)).toBe(name);
  });

  it.each(['98', 'error 99', 'status 98 99', 'PREACCESS', 'EACCESS', 'my_eperm_flag', 'the address is available', ''])('%j names none', (text) => {
    expect(findErrno(text)).toBeUndefined();
  });

  it('knows numbers and names alone', () => {
    expect(errnoByNumber('98')).toBe('EADDRINUSE');
    expect(errnoByNumber(-99)).toBe('EADDRNOTAVAIL');
    expect(errnoByNumber(12345)).toBeUndefined();
    expect(errnoByNumber(undefined)).toBeUndefined();
    expect(errnoByName('eaddrinuse')).toBe('EADDRINUSE');
    expect(errnoByName('ENOENT')).toBeUndefined();
    expect(errnoByName(undefined)).toBeUndefined();
    expect(isCommon('EACCES')).toBe(true);
    expect(isCommon('EADDRINUSE')).toBe(false);
  });
});
