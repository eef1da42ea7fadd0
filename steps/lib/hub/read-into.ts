import type { HubRange } from '../hub.ts';
import type { Addresses } from './addresses.ts';
import type { Head } from './head.ts';
import { checkIdentity } from './identity.ts';
import { createPatience } from './patience.ts';
import { checkRange, judge, readOnce } from './read-range.ts';
import { authorization, type HubSettings } from './settings.ts';
import { openWire, type Wire } from './wire.ts';

type ReadInto = (
  range: HubRange,
  into: Buffer,
  options: { readonly signal?: AbortSignal; readonly came?: (bytes: number) => void },
) => Promise<void>;

/**
 * Hub.readInto over these settings. An answer that is plainly the asked range is read straight into the memory it is for;
 * any other one (a redirect, a whole file, chunks), and whatever goes through a proxy, comes as Hub.readRange gives it.
 */
export function createReadInto(hub: HubSettings, addresses: Addresses): ReadInto {
  const wires = new Map<string, Wire[]>();
  return async (range, into, { signal, came = () => {} }) => {
    checkRange(range);
    if (into.length !== range.end - range.start)
      throw new RangeError('memory of another size than the range');
    const patience = createPatience(hub, signal);
    let at = range.start;
    let direct = !hub.network.proxied;
    while (at < range.end) {
      const from = at;
      const asked = { ...range, start: at };
      const rest = into.subarray(at - range.start);
      const advance = (bytes: number) => {
        at += bytes;
        came(bytes);
      };
      try {
        const means = { hub, addresses, signal };
        direct &&= await readDirect(asked, rest, { ...means, wires, came: advance });
        if (direct) continue;
        for await (const chunk of readOnce(asked, means)) advance(chunk.copy(rest, at - from));
      } catch (error) {
        await patience.outlast(error, range.file.path, at - from);
      }
    }
  };
}

interface Means {
  readonly hub: HubSettings;
  readonly addresses: Addresses;
  readonly signal: AbortSignal | undefined;
  /** Those that nobody uses, by origin. */
  readonly wires: Map<string, Wire[]>;
  readonly came: (bytes: number) => void;
}

/** False when the answer has to be read by other means. */
async function readDirect(asked: HubRange, into: Buffer, means: Means): Promise<boolean> {
  const { hub, addresses, signal, wires, came } = means;
  const address = await addresses.of(asked, signal);
  signal?.throwIfAborted();
  const { url } = address;
  const accept = ({ status, headers }: Head) => {
    if (url.origin === hub.endpoint.origin) checkIdentity(asked, headers, url.host);
    if (status === 200 || (status >= 300 && status < 400)) return false;
    return judge(asked, address, { status, headers, url }, means) === 0;
  };
  const idle = wires.get(url.origin) ?? [];
  wires.set(url.origin, idle);
  const wire = takeOpen(idle) ?? openWire(url, { ca: hub.network.httpsAgent.options.ca });
  const headers = { range: `bytes=${asked.start}-${asked.end - 1}`, ...authorization(url, hub) };
  const watch = hub.timings;
  const taken = await wire.get({
    url,
    headers,
    into,
    accept,
    came,
    watch,
    now: () => hub.clock.now(),
    signal,
  });
  if (wire.open) idle.push(wire);
  return taken;
}

function takeOpen(idle: Wire[]): Wire | undefined {
  for (let wire = idle.pop(); wire; wire = idle.pop()) if (wire.open) return wire;
  return undefined;
}
