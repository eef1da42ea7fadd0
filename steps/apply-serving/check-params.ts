import type { ParamsOf } from '../lib/step.ts';
import { encodingsName, flagOf, portOf } from './plan.ts';
import type { spec } from './spec.ts';

type Checked = Pick<
  ParamsOf<typeof spec>,
  | 'args'
  | 'command'
  | 'env'
  | 'encodingsBase'
  | 'cpuRequest'
  | 'cpuLimit'
  | 'memoryRequest'
  | 'memoryLimit'
  | 'nodeSelector'
>;

/** What is wrong with the params as a whole; each is fine by itself. */
export function checkParams(params: Checked): string[] {
  return [
    ...checkPort(params),
    ...checkOnce('env', params.env),
    ...checkEncodingsVariable(params),
    ...(params.command.length === 0 ? ['--command: is empty'] : []),
    ...checkRequest('cpu', params.cpuRequest, params.cpuLimit),
    ...checkRequest('memory', params.memoryRequest, params.memoryLimit),
    ...checkOnce('node-selector', params.nodeSelector),
  ];
}

function checkPort({ args }: Pick<Checked, 'args'>): string[] {
  const port = portOf(args);
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return [];
  return [`--args: --port=${flagOf(args, '--port')} is no port`];
}

function checkOnce(flag: string, pairs: readonly string[]): string[] {
  const names = pairs.map(nameOf);
  const twice = names.filter((name, at) => names.indexOf(name) !== at);
  return twice.length > 0 ? [`--${flag}: ${[...new Set(twice)].join(', ')} is given more than once`] : [];
}

function checkEncodingsVariable({ env, encodingsBase }: Pick<Checked, 'env' | 'encodingsBase'>): string[] {
  if (!env.map(nameOf).includes(encodingsName)) return [];
  return [`--env: ${encodingsName} belongs in --encodings-base (now ${encodingsBase || 'empty'})`];
}

function nameOf(pair: string): string {
  return pair.slice(0, pair.indexOf('='));
}

/** The API server takes an InferenceService that asks for more than it may have; only its Deployment is refused, minutes later. */
function checkRequest(resource: 'cpu' | 'memory', request: string, limit: string): string[] {
  if (amountOf(request) <= amountOf(limit)) return [];
  return [`--${resource}-request: ${request} is more than --${resource}-limit, ${limit}`];
}

/** Of a Kubernetes quantity, in units of the resource. */
function amountOf(quantity: string): number {
  const [, number, suffix = ''] = /^([\d.]+)(\D*)$/.exec(quantity) ?? [];
  return Number(number) * (factors[suffix] ?? Number.NaN);
}

const factors: Readonly<Record<string, number>> = {
  '': 1,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};
