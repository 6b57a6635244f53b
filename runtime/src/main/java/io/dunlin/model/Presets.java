package io.dunlin.model;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/** Models that people ask for by name. */
public final class Presets {
    /** GPT-2's 50,257 tokens, rounded up to a multiple of 128: matrix products like that. */
    private static final int GPT2_VOCABULARY = 50_304;

    private static final int LLAMA3_VOCABULARY = 128_256;

    private static final Map<String, ModelConfig> BY_NAME = byName();

    private Presets() {}

    /**
     * The dimensions of a preset.
     *
     * @throws ModelException if there is none of that name
     */
    public static ModelConfig named(String name) {
        ModelConfig config = BY_NAME.get(name);
        if (config == null) {
            throw ModelException.unknownPreset(name, BY_NAME.keySet());
        }
        return config;
    }

    /** All names, small models first within a family. */
    public static List<String> names() {
        return List.copyOf(BY_NAME.keySet());
    }

    private static Map<String, ModelConfig> byName() {
        SequencedMap<String, ModelConfig> presets = new LinkedHashMap<>();
        presets.put("debug", ModelConfig.gpt(2, 64, 4, 256, 64));
        presets.put("gpt2-12m", ModelConfig.gpt(6, 384, 6, 4_096, 256));
        presets.put("gpt2-124m", ModelConfig.gpt(12, 768, 12, GPT2_VOCABULARY, 512));
        presets.put("gpt2-350m", ModelConfig.gpt(24, 1_024, 16, GPT2_VOCABULARY, 1_024));
        presets.put("gpt2-774m", ModelConfig.gpt(36, 1_280, 20, GPT2_VOCABULARY, 1_024));
        presets.put("gpt2-1558m", ModelConfig.gpt(48, 1_600, 25, GPT2_VOCABULARY, 1_024));
        presets.put("llama-debug", ModelConfig.llama(2, 64, 4, 2, 176, 256, 64));
        presets.put(
                "llama3-1b",
                ModelConfig.llama(16, 2_048, 32, 8, 8_192, LLAMA3_VOCABULARY, 8_192)
                        .withTiedHead());
        presets.put(
                "llama3-3b",
                ModelConfig.llama(28, 3_072, 24, 8, 8_192, LLAMA3_VOCABULARY, 8_192)
                        .withTiedHead());
        presets.put("llama3-8b", ModelConfig.llama(32, 4_096, 32, 8, 14_336, LLAMA3_VOCABULARY, 8_192));
        presets.put("llama3-70b", ModelConfig.llama(80, 8_192, 64, 8, 28_672, LLAMA3_VOCABULARY, 8_192));
        return Collections.unmodifiableSequencedMap(presets);
    }
}
