import { QuantityError } from '../errors.ts';
import { quantity } from '../quantity.ts';

/** A description of a fleet that cannot be used; the message names the place and what stands there. */
export class FleetSpecError extends Error {
  override readonly name = 'FleetSpecError';
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function checked(value: unknown, unit: 'number' | 'seconds' | 'share', name: string, low: number, high: number): number {
  if (value === undefined) throw new FleetSpecError(`${name} is missing`);
  try {
    return quantity(value, unit, { name, low, high });
  } catch (error) {
    if (error instanceof QuantityError) throw new FleetSpecError(error.message);
    throw error;
  }
}

/** The members of an object that somebody wrote by hand, checked one by one; what nobody asked for is a mistake. */
export class Fields {
  readonly #place: string;
  readonly #members: Map<string, unknown>;
  readonly #asked = new Set<string>();

  constructor(value: unknown, place: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new FleetSpecError(`${place === '' ? 'the description of a fleet' : place} is an object with fields, not ${shown(value)}`);
    this.#place = place;
    this.#members = new Map(Object.entries(value));
  }

  at(name: string): string {
    return this.#place === '' ? name : `${this.#place}.${name}`;
  }

  has(name: string): boolean {
    const value = this.#members.get(name);
    return value !== undefined && value !== null;
  }

  value(name: string): unknown {
    this.#asked.add(name);
    return this.#members.get(name) ?? undefined;
  }

  text(name: string, fallback?: string): string {
    const value = this.value(name) ?? fallback;
    if (typeof value !== 'string' || value === '') throw new FleetSpecError(`${this.at(name)} is a name, not ${shown(value)}`);
    return value;
  }

  /** @param unit `seconds` takes texts such as `50ms` and `2h`, `share` such as `5%`. */
  number(name: string, low: number, high: number, fallback?: number, unit: 'number' | 'seconds' | 'share' = 'number'): number {
    return checked(this.value(name) ?? fallback, unit, this.at(name), low, high);
  }

  whole(name: string, low: number, high: number, fallback?: number): number {
    const value = this.number(name, low, high, fallback);
    if (!Number.isInteger(value)) throw new FleetSpecError(`${this.at(name)} is a whole number, not ${value}`);
    return value;
  }

  oneOf<Value extends string>(name: string, values: readonly Value[], fallback?: Value): Value {
    const value = this.value(name) ?? fallback;
    const found = values.find((known) => known === value);
    if (found === undefined) throw new FleetSpecError(`${this.at(name)} is one of ${values.join(', ')}, not ${shown(value)}`);
    return found;
  }

  list(name: string, fallback?: readonly unknown[]): readonly unknown[] {
    const value = this.value(name) ?? fallback;
    if (!Array.isArray(value)) throw new FleetSpecError(`${this.at(name)} is a list, not ${shown(value)}`);
    return value;
  }

  numbers(name: string, low: number, high: number, fallback?: readonly number[]): readonly number[] {
    return this.list(name, fallback).map((value, index) => checked(value, 'number', `${this.at(name)}[${index}]`, low, high));
  }

  /** @throws FleetSpecError for a field that was not asked for: misspelt, most likely. */
  done(): void {
    for (const name of this.#members.keys()) {
      if (!this.#asked.has(name)) throw new FleetSpecError(`${this.at(name)} is no field of this; the fields are ${[...this.#asked].join(', ')}`);
    }
  }
}
