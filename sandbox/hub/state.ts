import type { HubOptions } from '../hub.ts';
import type { Faults } from './faults.ts';
import type { Signer } from './signature.ts';

export interface HubState {
  readonly options: HubOptions;
  readonly faults: Faults;
  readonly signer: Signer;
  url: string;
  cdnUrl: string;
}
