import { createRedactor } from './redact.ts';

export type Fields = Record<string, string | number | boolean | undefined>;

/** One event, two renderers: `staged file  path=config.json bytes=1806` or a JSON object a line. */
export interface Log {
  debug(event: string, fields?: Fields): void;
  info(event: string, fields?: Fields): void;
  warn(event: string, fields?: Fields): void;
  error(event: string, fields?: Fields): void;
  /** From here on this value is masked in every line. */
  secret(value: string, name?: string): void;
  /** What names an account and opens nothing: masked from here on where it stands as a word of its own. */
  word(value: string): void;
  /** The text without the secrets, for what leaves by another way than the log. */
  redact(text: string): string;
  /** By what name the secret is known that this text holds a piece of. */
  secretIn(text: string): string | undefined;
}

interface LogOptions {
  readonly write: (line: string) => void;
  /** LOG_FORMAT=json, LOG_LEVEL=debug, LOG_TIME=1. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly step: string;
  readonly now?: () => Date;
}

type Level = 'debug' | 'info' | 'warn' | 'error';

export function createLog({ write, env, step, now = () => new Date() }: LogOptions): Log {
  const redactor = createRedactor();
  const render = env['LOG_FORMAT'] === 'json' ? renderJson : renderText;
  const withTime = env['LOG_TIME'] === '1';
  const emit =
    (level: Level) =>
    (event: string, fields: Fields = {}) => {
      if (level === 'debug' && env['LOG_LEVEL'] !== 'debug') return;
      const clean = Object.entries(fields).flatMap(([key, value]) =>
        value === undefined
          ? []
          : [[key, typeof value === 'string' ? redactor.redact(value) : value] as const],
      );
      const line = { level, event: redactor.redact(event), fields: clean, step, time: now(), withTime };
      write(`${render(line)}\n`);
    };
  return {
    debug: emit('debug'),
    info: emit('info'),
    warn: emit('warn'),
    error: emit('error'),
    secret: redactor.add,
    word: redactor.addWord,
    redact: redactor.redact,
    secretIn: redactor.find,
  };
}

interface Line {
  readonly level: Level;
  readonly event: string;
  readonly fields: readonly (readonly [string, string | number | boolean])[];
  readonly step: string;
  readonly time: Date;
  readonly withTime: boolean;
}

function renderText({ level, event, fields, time, withTime }: Line): string {
  const prefix = `${withTime ? `${time.toISOString()} ` : ''}${level === 'info' ? '' : `${level} `}`;
  const pairs = fields.map(([key, value]) => `${key}=${quote(String(value))}`);
  const line = pairs.length > 0 ? `${event}  ${pairs.join(' ')}` : event;
  return prefix + printable(line);
}

function renderJson({ level, event, fields, step, time }: Line): string {
  const own = { ts: time.toISOString(), level, step, event };
  // Spread on both sides: ours come first, and a field of the same name cannot replace them.
  return JSON.stringify({ ...own, ...Object.fromEntries(fields), ...own });
}

function quote(value: string): string {
  return /[\s"=]/.test(value) || value === '' ? JSON.stringify(value) : value;
}

/** Control characters would let a file name or a server's answer forge lines of the log. */
function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- it is the control characters that we look for
  return text.replace(/[\u0000-\u0008\u000a-\u001f\u007f\u0085\u2028\u2029]/g, (c) =>
    c === '\n' ? '\\n' : `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
