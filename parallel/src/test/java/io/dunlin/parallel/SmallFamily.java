package io.dunlin.parallel;

import io.dunlin.model.ModelConfig;

/** Models so small that 20 steps take a moment. */
enum SmallFamily {
    GPT(ModelConfig.gpt(2, 32, 2, 61, 16)),
    LLAMA(ModelConfig.llama(2, 32, 4, 2, 48, 61, 16));

    private final ModelConfig config;

    SmallFamily(ModelConfig config) {
        this.config = config;
    }

    ModelConfig config() {
        return config;
    }
}
