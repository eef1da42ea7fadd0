import type { Hub } from '../hub.ts';
import { createAddresses } from './addresses.ts';
import { createReadInto } from './read-into.ts';
import { createReadRange } from './read-range.ts';
import type { HubSettings } from './settings.ts';

/** The part of a Hub that gives bytes: all that a thread needs of it, without the package that reads its metadata. */
export type HubBytes = Pick<Hub, 'endpoint' | 'readRange' | 'readInto'>;

export function openBytes(settings: HubSettings): HubBytes {
  // Of files; asked for once, however their bytes are read.
  const addresses = createAddresses(settings);
  return {
    endpoint: settings.endpoint.href.replace(/\/$/, ''),
    readRange: createReadRange(settings, addresses),
    readInto: createReadInto(settings, addresses),
  };
}
