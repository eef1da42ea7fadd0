export interface Metrics {
  started(): void;
  finished(request: {
    reason: string;
    promptTokens: number;
    completionTokens: number;
    seconds: number;
  }): void;
  failed(): void;
  /** In Prometheus' text format. */
  text(): string;
}

/** vLLM's counters, counting what this server really answered. */
export function createMetrics(modelName: string): Metrics {
  let running = 0;
  let prompt = 0;
  let generated = 0;
  let seconds = 0;
  const success: Record<string, number> = { stop: 0, length: 0, abort: 0 };
  const total = () => Object.values(success).reduce((sum, n) => sum + n, 0);
  return {
    started: () => void (running += 1),
    failed: () => void (running -= 1),
    finished: (request) => {
      running -= 1;
      prompt += request.promptTokens;
      generated += request.completionTokens;
      seconds += request.seconds;
      const reason = request.reason === 'length' ? 'length' : 'stop';
      success[reason] = (success[reason] ?? 0) + 1;
    },
    text: () =>
      [
        ...metric('gauge', 'num_requests_running', [['', running]]),
        ...metric('gauge', 'num_requests_waiting', [['', 0]]),
        ...metric('gauge', 'kv_cache_usage_perc', [['', 0]]),
        ...metric('counter', 'num_preemptions_total', [['', 0]]),
        ...metric('counter', 'prompt_tokens_total', [['', prompt]]),
        ...metric('counter', 'generation_tokens_total', [['', generated]]),
        ...metric(
          'counter',
          'request_success_total',
          Object.entries(success).map(([reason, n]) => [`,finished_reason="${reason}"`, n] as const),
        ),
        ...histogram('time_to_first_token_seconds', total(), seconds / 2),
        ...histogram('e2e_request_latency_seconds', total(), seconds),
        ...metric('gauge', 'cache_config_info', [[',block_size="16"', 1]]),
        '',
      ].join('\n'),
  };

  function metric(type: string, name: string, samples: readonly (readonly [string, number])[]): string[] {
    return [
      `# TYPE vllm:${name} ${type}`,
      ...samples.map(
        ([labels, value]) => `vllm:${name}{engine="0",model_name="${modelName}"${labels}} ${decimal(value)}`,
      ),
    ];
  }

  function histogram(name: string, count: number, sum: number): string[] {
    const labels = `engine="0",model_name="${modelName}"`;
    return [
      `# TYPE vllm:${name} histogram`,
      `vllm:${name}_bucket{${labels},le="+Inf"} ${decimal(count)}`,
      `vllm:${name}_count{${labels}} ${decimal(count)}`,
      `vllm:${name}_sum{${labels}} ${decimal(sum)}`,
    ];
  }
}

/** Python's way: `1.0`. */
function decimal(value: number): string {
  return Number.isInteger(value) ? `${value}.0` : String(value);
}
