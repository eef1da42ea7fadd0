module llm-rollout/test/cluster/versitygw

go 1.26.0
