import type { Address, Counters, NamespaceId, Owner, Settings } from '../model/index.ts';
import type { NamespaceUsage } from '../usage/index.ts';

export const severities = ['info', 'warning', 'critical'] as const;
export type Severity = (typeof severities)[number];

/** A command that works when pasted, or advice without one. */
export interface Remedy {
  readonly title: string;
  readonly command?: string;
  /** What may go wrong when it is followed. */
  readonly risk: string;
}

/** A measured value that a finding rests on. */
export interface EvidenceItem {
  readonly name: string;
  readonly value: string | number;
  readonly unit?: string;
}

export interface Finding {
  /** Stable, kebab-case. */
  readonly id: string;
  readonly severity: Severity;
  readonly namespace: number;
  readonly title: string;
  readonly why: string;
  readonly evidence: readonly EvidenceItem[];
  readonly remedies: readonly Remedy[];
  /** Page of the documentation that explains it. */
  readonly reference: string;
}

/** What a rule may look at. */
export interface Inspected {
  readonly id: NamespaceId;
  readonly settings: Settings;
  readonly counters: Counters;
  readonly usage: NamespaceUsage;
}

/** connect() calls of one process that found no port for one tuple. */
export interface PortlessConnects {
  readonly source: Address;
  readonly destination: Address;
  readonly destinationPort: number;
  readonly owner: Owner;
  /** Since the last look. */
  readonly recent: number;
  /** Since they are counted. */
  readonly total: number;
}

export interface Thresholds {
  /** Ratio of a pool from which it is a warning. */
  readonly warning: number;
  /** Ratio from which it is critical. */
  readonly critical: number;
}

export const defaultThresholds: Thresholds = { warning: 0.8, critical: 0.95 };

export interface DiagnosisContext {
  readonly thresholds: Thresholds;
  /** Counters of the same namespace at an earlier moment, where there are any. */
  readonly earlier?: Counters | undefined;
  readonly elapsedMs?: number | undefined;
  /** connect() calls that found no port, where they are counted. */
  readonly portless?: readonly PortlessConnects[] | undefined;
  /** The initial namespace, when others are inspected too. */
  readonly host?: Inspected | undefined;
}

/** One rule: what it finds, documented, and the function that looks. One file a rule. */
export interface Rule {
  readonly id: string;
  /** One sentence for the reference page. */
  readonly summary: string;
  /** When it is of which severity, one sentence. */
  readonly severity: string;
  /** What to do, in a sentence or two. */
  readonly advice: string;
  /** What it rests on, named as in the JSON. */
  readonly evidence: string;
  /** Of the host, not of a namespace: told once. */
  readonly isHostWide?: boolean;
  inspect(inspected: Inspected, context: DiagnosisContext): Omit<Finding, 'id' | 'namespace' | 'reference'>[];
}
