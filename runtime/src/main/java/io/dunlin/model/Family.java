package io.dunlin.model;

/** Which layers a model is composed of. */
public enum Family {
    /** GPT-2: LayerNorm, learned positions, GELU, biases. */
    GPT,
    /** Llama: RMSNorm, rotary positions, SwiGLU, grouped-query attention, no biases. */
    LLAMA
}
