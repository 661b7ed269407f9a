import { describe, expect, it } from 'vitest';
import { endpointIn, endpointOf, erlangHostOf, hostOf, javaEndpointOf, loggedEndpointText } from './endpoint.ts';

describe('endpointOf', () => {
  it.each([
    ['10.0.0.9:5432', '10.0.0.9', 5432],
    ['[2001:db8::1]:443', '2001:db8::1', 443],
    ['[::1]', '::1', undefined],
    ['::1:8080', '::1', 8080],
    [':::3000', '::', 3000],
    ['2001:db8::9:80', '2001:db8::9', 80],
    ['fe80::1%eth0:80', 'fe80::1%eth0', 80],
    ['[fe80::1%eth0]:80', 'fe80::1%eth0', 80],
    [':8080', '', 8080],
    ['*:80', '*', 80],
    ['*', '*', undefined],
    ['localhost:6379', 'localhost', 6379],
    ['db.example:5432', 'db.example', 5432],
    ['10.0.0.9', '10.0.0.9', undefined],
    ['10.0.0.9:0', '10.0.0.9', 0],
    ['10.0.0.9:*', '10.0.0.9', undefined],
    ['(10.0.0.9:80),', '10.0.0.9', 80],
    ['10.0.0.9:80.', '10.0.0.9', 80],
    ['"10.0.0.9:80"', '10.0.0.9', 80],
  ])('%s', (text, host, port) => {
    expect(endpointOf(text)).toEqual({ host, port });
  });

  it.each(['', '/run/app.sock', 'unix:/run/app.sock', '10.0.0.9:99999', 'a:b', '"'])('%j is none', (text) => {
    expect(endpointOf(text)).toBeUndefined();
  });

  it('of nothing is nothing', () => {
    expect(endpointOf(undefined)).toBeUndefined();
    expect(hostOf(undefined)).toBeUndefined();
    expect(javaEndpointOf(undefined)).toBeUndefined();
    expect(erlangHostOf(undefined)).toBeUndefined();
  });
});

describe('the notations of languages', () => {
  it.each([
    ['/10.0.0.9:5432', '10.0.0.9', 5432],
    ['localhost/127.0.0.1:9092', '127.0.0.1', 9092],
    ['0.0.0.0/0.0.0.0:8080', '0.0.0.0', 8080],
    ['/[0:0:0:0:0:0:0:1]:80', '0:0:0:0:0:0:0:1', 80],
    ['db.example/<unresolved>:5432', 'db.example', 5432],
  ])('Java: %s', (text, host, port) => {
    expect(javaEndpointOf(text)).toEqual({ host, port });
  });

  it.each([
    ['{127,0,0,1}', '127.0.0.1'],
    ['{0,0,0,0,0,0,0,0}', '::'],
    ['{8193,3512,0,0,0,0,0,1}', '2001:db8::1'],
  ])('Erlang: %s', (text, host) => {
    expect(erlangHostOf(text)).toBe(host);
  });

  it.each(['{1,2,3}', '{a,b,c,d}', '{1,2,3,99999}'])('Erlang: %s is no address', (text) => {
    expect(erlangHostOf(text)).toBeUndefined();
  });

  it.each([
    ["('127.0.0.1', 8080)", '127.0.0.1', 8080],
    ["('::1', 8080, 0, 0)", '::1', 8080],
    ['something on [2001:db8::1]:80 here', '2001:db8::1', 80],
    ['host "10.0.0.9", port 5432', '10.0.0.9', 5432],
    ['host=db.example port=5432', 'db.example', 5432],
    ['at 10.0.0.9:80, then 10.0.0.8:81', '10.0.0.9', 80],
    ['url http://db.example:8080/x', 'db.example', 8080],
    ['addr=:8080', '', 8080],
    ['"addr":":8080"', '', 8080],
    ['on port 8080', '', 8080],
    ['localhost:6379', 'localhost', 6379],
  ])('anywhere: %s', (text, host, port) => {
    expect(endpointIn(text)).toEqual({ host, port });
  });

  it.each(['at 09:56:25', 'main.go:123', '"id":20568,"x":1', 'port 99999', 'version 1.2.3.4', 'a::b'])('anywhere: %j has none', (text) => {
    expect(endpointIn(text)).toBeUndefined();
  });
});

it.each([
  [{ host: '10.0.0.9', port: 80 }, '10.0.0.9:80'],
  [{ host: '::1', port: 80 }, '[::1]:80'],
  [{ host: '', port: 80 }, 'port 80'],
  [{ host: '', port: undefined }, 'port ?'],
  [{ host: '::1', port: undefined }, '::1'],
])('is shown as people write it: %j', (end, text) => {
  expect(loggedEndpointText(end)).toBe(text);
});
