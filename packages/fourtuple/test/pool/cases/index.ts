import type { Case } from '../ways.ts';
import { failures } from './failures.ts';
import { lifetime } from './lifetime.ts';
import { names } from './names.ts';
import { streams } from './streams.ts';

export const allCases: readonly Case[] = [...failures, ...lifetime, ...streams, ...names];
