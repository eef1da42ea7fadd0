import { BlockList, isIP } from 'node:net';
import { StepError } from '../errors.ts';
import { bareHost } from '../network/address.ts';
import type { HubSettings } from './settings.ts';

/** Of the Hub that was asked. */
type Rules = Pick<HubSettings, 'endpoint'>;

/** Where clouds keep the credentials of the machine: never a source of a model. */
const metadataHosts = blockList(['169.254.0.0/16', '100.100.100.200/32', 'fd00:ec2::/32', 'fe80::/10']);
const insideHosts = blockList([
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '::/127',
  'fc00::/7',
]);

/** The address that an answer sends us on to, or a StepError that says why we do not go there. */
export function nextHop(from: URL, location: string | null, rules: Rules): URL {
  const to = location === null ? null : URL.parse(location, from.href);
  const reason = to === null ? 'says no address' : whyNot(to, rules);
  if (to !== null && reason === undefined) return to;
  throw new StepError(
    'refused',
    `${from.host} sends us ${to?.host ? `to ${to.host}` : 'on'}, which ${reason}`,
    {
      evidence: [`Location: ${to ? `${to.protocol}//${to.host}/…` : 'missing or no address'} (${from.host})`],
      hint: `check hf-endpoint (${rules.endpoint.origin}) and what stands between it and the pod`,
    },
  );
}

function whyNot(to: URL, { endpoint }: Rules): string | undefined {
  if (to.protocol !== 'https:' && to.protocol !== endpoint.protocol) return 'is not https';
  if (to.username || to.password) return 'carries a name and a password';
  const host = bareHost(to.hostname);
  if (holds(metadataHosts, host) || /^metadata\.google\.internal\.?$/.test(host))
    return "is a cloud's metadata service";
  if (to.origin === endpoint.origin) return undefined;
  return isInside(host) && !isInside(bareHost(endpoint.hostname)) ? 'is an address inside' : undefined;
}

function isBelow(host: string, domains: readonly string[]): boolean {
  return domains.some((domain) => host === domain || host.endsWith(`.${domain}`));
}

function isInside(host: string): boolean {
  return isIP(host) === 0 ? isInsideName(host.replace(/\.$/, '')) : holds(insideHosts, host);
}

/** Names that no public DNS gives: of one word, of this machine, of a cluster's Services, of a private network (RFC 6761, 6762, 8375; ICANN's `.internal`). */
function isInsideName(host: string): boolean {
  return !host.includes('.') || isBelow(host, ['localhost', 'svc', 'local', 'internal', 'home.arpa', 'lan']);
}

function holds(list: BlockList, host: string): boolean {
  const family = isIP(host);
  return family > 0 && list.check(host, family === 6 ? 'ipv6' : 'ipv4');
}

function blockList(blocks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const block of blocks) {
    const [address = '', length = ''] = block.split('/');
    list.addSubnet(address, Number(length), isIP(address) === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}
