import type { PipelineTask } from './manifests.ts';
import { variablesIn } from './substitute.ts';

/** The tasks that must be over before this one: those it names in runAfter and those whose results it reads. */
export function dependencies(task: PipelineTask): Set<string> {
  return new Set([...(task.runAfter ?? []), ...resultDependencies(task)]);
}

/** The tasks whose results this one reads. When one of them was skipped, so is this one. */
export function resultDependencies(task: PipelineTask): Set<string> {
  const texts = [
    ...(task.params ?? []).map(({ value }) => value),
    ...(task.matrix?.params ?? []).flatMap(({ value }) => value),
    ...(task.when ?? []).flatMap(({ input, values }) => [input, ...values]),
  ];
  const names = texts
    .flatMap(variablesIn)
    .flatMap((name) => /^tasks\.([^.]+)\.results\./.exec(name)?.[1] ?? []);
  return new Set(names);
}

/** Throws on a cycle or on a task that is not there: Tekton's admission would. */
export function checkGraph(tasks: readonly PipelineTask[]): void {
  const names = new Set(tasks.map(({ name }) => name));
  const done = new Set<string>();
  for (const task of tasks) {
    for (const needed of dependencies(task)) {
      if (!names.has(needed))
        throw new Error(`task ${task.name} waits for ${needed}, which the Pipeline does not have`);
    }
  }
  for (let left = [...tasks]; left.length > 0;) {
    const ready = left.filter((task) => [...dependencies(task)].every((needed) => done.has(needed)));
    if (ready.length === 0)
      throw new Error(`tasks wait for each other: ${left.map(({ name }) => name).join(', ')}`);
    for (const { name } of ready) done.add(name);
    left = left.filter(({ name }) => !done.has(name));
  }
}
