/** Text; `pattern` is the source of a regular expression that must match from start to end. */
interface StringParam {
  readonly kind: 'string';
  readonly description: string;
  readonly default?: string;
  readonly pattern?: string;
  /** What the pattern asks for, in words: "an owner/name, such as openai/gpt-oss-20b". */
  readonly shape?: string;
  readonly choices?: readonly string[];
  readonly maxLength?: number;
}

/** `integer` 8 · `bytes` 64MiB · `duration` 1h30m (milliseconds in code). `default`, `min` and `max` are written as a person would. */
interface NumberParam {
  readonly kind: 'integer' | 'bytes' | 'duration';
  readonly description: string;
  readonly default?: string;
  readonly min?: string;
  readonly max?: string;
}

interface BooleanParam {
  readonly kind: 'boolean';
  readonly description: string;
  readonly default?: 'true' | 'false';
}

/** Newline-separated: tkn splits arrays at commas, and vLLM's arguments hold JSON. */
interface ListParam {
  readonly kind: 'list';
  readonly description: string;
  readonly default?: string;
  readonly pattern?: string;
  readonly shape?: string;
}

export type Param = StringParam | NumberParam | BooleanParam | ListParam;
export type Params = Readonly<Record<string, Param>>;

/** A Secret that is mounted as files, never as environment: the kubelet expands `$(VAR)` in arguments from it. */
export interface SecretSource {
  readonly description: string;
  /** The Secret's name unless the run says otherwise. */
  readonly default: string;
  readonly optional?: boolean;
  readonly keys: Readonly<Record<string, SecretKey>>;
}

export interface SecretKey {
  /** Whether the value is masked in everything that leaves the process; an endpoint is not. What only names an account is masked as a `word` of its own, in the log alone. */
  readonly secret: boolean | 'word';
  readonly optional?: boolean;
  /** Somebody else compares all of it, a newline at its end included: trimmed it would be another one, so it is refused. */
  readonly exact?: boolean;
}

export type Secrets = Readonly<Record<string, SecretSource>>;
/** A volume that a run may bind, and that the step only reads. Never one that it must bind: a run needs no volume by default. */
export interface Workspace {
  readonly description: string;
  /** Where it is mounted, so that people can write paths in it. */
  readonly mountPath: string;
}

export type Results = Readonly<Record<string, Result>>;

export interface Result {
  readonly description: string;
  /** Several texts, for a matrix: an array for Tekton, whose file holds JSON. One text unless it says so. */
  readonly kind?: 'list';
  /** No task reads it: a secret in it is masked, and no reason to fail. */
  readonly forPeople?: boolean;
}

/** One rule of the Role that is generated for the Task's ServiceAccount. */
export interface Permission {
  readonly apiGroup: string;
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  /** Names or `$(params.x)`, where the API server can check them. */
  readonly resourceNames?: readonly string[];
  /** The param that names the namespace, when it is not the run's own. */
  readonly namespaceParam?: string;
  readonly why: string;
}

export interface Resources {
  readonly requests: { readonly cpu: string; readonly memory: string };
  readonly limits: { readonly memory: string; readonly cpu?: string };
}

export interface StepSpec<
  P extends Params = Params,
  S extends Secrets = Secrets,
  R extends Results = Results,
> {
  readonly name: string;
  readonly displayName: string;
  /** One sentence: what the Task does. */
  readonly summary: string;
  readonly params: P;
  readonly secrets: S;
  readonly workspaces?: Readonly<Record<string, Workspace>>;
  readonly results: R;
  readonly permissions: readonly Permission[];
  readonly resources: Resources;
}

/** The one declaration of a Task: types, flags, help, YAML, README and Role all come from it. */
export function defineStep<const P extends Params, const S extends Secrets, const R extends Results>(
  spec: StepSpec<P, S, R>,
): StepSpec<P, S, R> {
  return spec;
}

export type Camel<Name extends string> = Name extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<Camel<Tail>>}`
  : Name;

type ValueOf<P extends Param> = P extends { kind: 'string'; choices: readonly (infer Choice)[] }
  ? Choice
  : P extends { kind: 'string' }
    ? string
    : P extends { kind: 'integer' | 'bytes' | 'duration' }
      ? number
      : P extends { kind: 'boolean' }
        ? boolean
        : string[];

type KeysOf<S extends SecretSource> = {
  readonly [K in keyof S['keys']]: S['keys'][K] extends { optional: true } ? string | undefined : string;
};

export type ParamsOf<Spec> =
  Spec extends StepSpec<infer P> ? { readonly [K in keyof P & string as Camel<K>]: ValueOf<P[K]> } : never;

export type SecretsOf<Spec> =
  Spec extends StepSpec<Params, infer S>
    ? {
        readonly [K in keyof S & string as Camel<K>]: S[K] extends { optional: true }
          ? KeysOf<S[K]> | undefined
          : KeysOf<S[K]>;
      }
    : never;

/** How a successful step ended; a failed one has `<failure>: <first line>` there. */
export type Outcome = 'ok' | 'unchanged' | 'superseded';

export type ResultsOf<Spec> =
  Spec extends StepSpec<Params, Secrets, infer R>
    ? {
        readonly [K in keyof R & string as Camel<K>]: R[K] extends { kind: 'list' }
          ? readonly string[]
          : string;
      } & { readonly outcome: Outcome }
    : never;

export function camel(name: string): string {
  return name.replace(/-([a-z0-9])/g, (_, c: string) => c.toUpperCase());
}

export function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);
}

/** What every Task takes beside its own params; they reach the step as its environment. */
export const commonParams = {
  'ca-configmap': {
    kind: 'string',
    description:
      'ConfigMap with authorities to trust besides the usual ones, in *.crt or *.pem; may be absent',
    default: 'trusted-ca',
  },
  'log-format': {
    kind: 'string',
    description: 'How the log is written',
    choices: ['text', 'json'],
    default: 'text',
  },
  'log-level': {
    kind: 'string',
    description: 'How much the log says',
    choices: ['info', 'debug'],
    default: 'info',
  },
} as const satisfies Params;

/** Where the Task YAML mounts what a step reads and writes; every path reaches the step as an argument or a variable. */
export const mountPaths = {
  results: '/tekton/results',
  secrets: '/var/run/llm-rollout',
  ca: '/etc/llm-rollout/ca',
} as const;
