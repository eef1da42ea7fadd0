import { createLine, type PlaceInLine } from './line.ts';

/** Lets `count` things happen at once; of the others the lowest turn is next, equals in the order of asking. */
interface Slots {
  run<T>(work: () => Promise<T>, place?: PlaceInLine): Promise<T>;
}

export function createSlots(count: number): Slots {
  const line = createLine();
  let used = 0;
  return {
    async run(work, place) {
      if (used < count) used += 1;
      else await line.wait(place);
      try {
        return await work();
      } finally {
        if (!line.startNext()) used -= 1;
      }
    },
  };
}
