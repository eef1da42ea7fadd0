import type { RequestOptions } from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';
import { messageOf, StepError } from '../errors.ts';
import type { Account, Login } from './account.ts';

/** What kubeconfig files say, merged as kubectl does: contexts, certificates, tokens, exec plugins, proxies. */
export async function loadKubeconfig(files: readonly string[]): Promise<Account> {
  const source = `KUBECONFIG ${files.join(':')}`;
  let config = await load(files, source);
  const cluster = config.getCurrentCluster();
  if (!cluster?.server) {
    throw wrong(
      source,
      `its current context ${JSON.stringify(config.getCurrentContext() ?? '')} names no cluster`,
    );
  }
  if (!cluster.server.startsWith('https://')) {
    throw wrong(source, `its server is ${cluster.server}; a token goes over https:// only`);
  }
  return {
    server: cluster.server.replace(/\/+$/, ''),
    namespace: config.getContextObject(config.getCurrentContext())?.namespace ?? 'default',
    source,
    async login(again) {
      if (again) config = await load(files, source);
      return await logIn(config, source);
    },
  };
}

async function load(files: readonly string[], source: string): Promise<KubeConfig> {
  // Only here, and only this part of the client: its models alone would cost every start a tenth of a second.
  const { KubeConfig } = await import('@kubernetes/client-node/dist/config.js');
  try {
    const [first, ...others] = files.map((file) => {
      const config = new KubeConfig();
      config.loadFromFile(file);
      return config;
    });
    if (first === undefined) throw new Error('no file');
    for (const other of others) first.mergeConfig(other, true);
    return first;
  } catch (error) {
    throw wrong(source, `it cannot be read: ${messageOf(error)}`);
  }
}

async function logIn(config: KubeConfig, source: string): Promise<Login> {
  const options: RequestOptions = {};
  try {
    await config.applyToHTTPSOptions(options);
  } catch (error) {
    throw wrong(source, `its user cannot log in: ${messageOf(error)}`);
  }
  const { ca, cert, key, servername, rejectUnauthorized, agent } = options;
  const proxied = config.getCurrentCluster()?.proxyUrl !== undefined && typeof agent === 'object';
  return {
    tls: {
      ...(ca && { ca }),
      ...(cert && { cert }),
      ...(key && { key }),
      ...(servername && { servername }),
      ...(rejectUnauthorized === false && { rejectUnauthorized }),
    },
    ...whoOf(options),
    ...(proxied && { agent }),
  };
}

function whoOf({ headers: given = {}, auth }: RequestOptions): Pick<Login, 'bearer' | 'headers'> {
  const { Authorization: authorization = '', ...headers } = given as Record<string, string>;
  const bearer = /^Bearer\s+(.*\S)\s*$/s.exec(authorization)?.[1];
  const basic = auth ? { Authorization: `Basic ${Buffer.from(auth).toString('base64')}` } : {};
  return { headers: { ...headers, ...basic }, ...(bearer === undefined ? {} : { bearer }) };
}

const wrong = (source: string, why: string): StepError =>
  new StepError('usage', 'the kubeconfig cannot be used', {
    evidence: [`${why} (${source})`],
    hint: 'KUBECONFIG=… oc config view --minify   (server, user and context that it has), or oc login again',
  });
