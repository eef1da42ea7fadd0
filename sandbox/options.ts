import { parseArgs } from 'node:util';
import { parseBytes } from '../steps/lib/params.ts';

export interface Options {
  /** Bytes of the model's files that are staged. */
  readonly modelSize: number;
  /** Whether everything stays up after the run. */
  readonly stay: boolean;
  /** Port of the sandbox's S3; 0 is any that is free. */
  readonly port: number;
}

export const usage = `Usage: npm start -- [flags]

Runs the Pipeline rollout-model in an OpenShift AI in miniature, on loopback.

  --model-size SIZE   how large the model is, such as 8GiB (default 320MiB, at least 64MiB)
  --stay              keep the sandbox up after the run, and print how to talk to it
  --port PORT         port of the sandbox's S3 (default: any that is free)
  --help              show this text
`;

const smallestModel = 64 * 2 ** 20;

/** The options, or what is wrong with each of the words, or the wish for the usage. */
export function readOptions(
  words: readonly string[],
): Options | { readonly problems: readonly string[] } | 'help' {
  const { values, tokens } = parseArgs({ args: [...words], strict: false, tokens: true, options: flags });
  if (values['help'] === true) return 'help';
  const modelSize = readSize(String(values['model-size'] ?? '320MiB'));
  const port = readPort(String(values['port'] ?? 0));
  const problems = [...tokens.flatMap(complain), modelSize, port].filter((read) => typeof read === 'string');
  if (typeof modelSize === 'string' || typeof port === 'string' || problems.length > 0) return { problems };
  return { modelSize, stay: values['stay'] === true, port };
}

const flags = {
  'model-size': { type: 'string' },
  port: { type: 'string' },
  stay: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

type Token = NonNullable<ReturnType<typeof parseArgs>['tokens']>[number];

function complain(token: Token): string[] {
  if (token.kind === 'positional') return [`${token.value}: is not a flag`];
  return token.kind === 'option' && !(token.name in flags) ? [`${token.rawName}: no such flag`] : [];
}

/** Bytes, or what is wrong. */
function readSize(text: string): number | string {
  const size = parseBytes(text);
  if (size === undefined) return `--model-size: ${text} is not a size, such as 8GiB`;
  return size < smallestModel ? '--model-size: 64MiB is the least' : size;
}

function readPort(text: string): number | string {
  const port = Number(text);
  return Number.isInteger(port) && port >= 0 && port <= 65_535 ? port : `--port: ${text} is not a port`;
}
