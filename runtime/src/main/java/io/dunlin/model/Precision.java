package io.dunlin.model;

import io.dunlin.tensor.DType;

/** What a model computes in; master weights, gradients of weights and sums are F32 in either. */
public enum Precision {
    /** Activations and weights in F32. */
    F32(DType.F32),
    /** Activations and the copies of weights that kernels read in BF16. */
    BF16(DType.BF16);

    private final DType activations;

    Precision(DType activations) {
        this.activations = activations;
    }

    /** As job files and options of commands say it: {@code fp32}. */
    public String label() {
        return switch (this) {
            case F32 -> "fp32";
            case BF16 -> "bf16";
        };
    }

    /** The type of activations and of the weights that kernels read. */
    public DType activations() {
        return activations;
    }
}
