import http from 'node:http';
import https from 'node:https';
import { isWithinCluster } from './proxy.ts';

export interface Agents {
  /** Keep-alive, trusting the cluster's authorities and obeying the proxy variables. */
  readonly httpAgent: http.Agent;
  readonly httpsAgent: https.Agent;
  /** Around every proxy; absent where there is none. */
  readonly direct?: Agents;
}

/** An unused connection is kept this long; a server's own shorter `Keep-Alive` hint wins. */
const idleMs = 30_000;

/** Keep-alive agents that obey the proxy variables; where any is set, also agents that do not. */
export function createAgents(proxyEnv: Readonly<Record<string, string>>): Agents {
  const options = { keepAlive: true, timeout: idleMs, scheduling: 'lifo', proxyEnv } as const;
  return {
    httpAgent: new http.Agent(options),
    httpsAgent: new https.Agent(options),
    ...(Object.keys(proxyEnv).length > 0 && { direct: createAgents({}) }),
  };
}

/** Those that lead to a host: Node's own NO_PROXY has no word for names without a dot. */
export function agentsFor(agents: Agents, hostname: string): Agents {
  return agents.direct && isWithinCluster(hostname) ? agents.direct : agents;
}

/** How a host is asked: with TLS or without, by the agent that leads there. */
export function wayTo({ protocol, hostname }: Target, agents: Agents): Way {
  const { httpAgent, httpsAgent } = agentsFor(agents, hostname);
  return protocol === 'https:'
    ? { secure: true, scheme: https, agent: httpsAgent }
    : { secure: false, scheme: http, agent: httpAgent };
}

interface Target {
  readonly protocol: string;
  readonly hostname: string;
}

interface Way {
  readonly secure: boolean;
  readonly scheme: Pick<typeof http, 'get' | 'request'>;
  readonly agent: http.Agent;
}

export function destroyAgents({ httpAgent, httpsAgent, direct }: Agents): void {
  httpAgent.destroy();
  httpsAgent.destroy();
  if (direct) destroyAgents(direct);
}
