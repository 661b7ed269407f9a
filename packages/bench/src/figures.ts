import type { Unit } from './goals.ts';

export function milliseconds(value: number): string {
  return Math.abs(value) < 100 ? value.toFixed(1) : grouped(value);
}

export function grouped(value: number): string {
  return Math.round(value).toLocaleString('en');
}

export function mebibytes(kibibytes: number): string {
  return (kibibytes / 1024).toFixed(1);
}

export function signed(value: number): string {
  return value < 0 ? milliseconds(value) : `+${milliseconds(value)}`;
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** A figure with the unit of its goal. */
export function withUnit(value: number, unit: Unit): string {
  switch (unit) {
    case 'times':
      return `${value.toFixed(2)}x`;
    case 'ms':
      return `${value.toFixed(1)} ms`;
    case 'MiB':
      return `${value.toFixed(1)} MiB`;
    case 'us':
      return `${value.toFixed(2)} us`;
    case 'ns':
      return `${value.toFixed(1)} ns`;
  }
}
