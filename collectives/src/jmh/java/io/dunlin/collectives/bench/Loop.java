package io.dunlin.collectives.bench;

/** What is measured, in Java and in C. */
public enum Loop {
    QUANTIZE_8("quantize8", 5),
    QUANTIZE_4("quantize4", 4.5),
    QUANTIZE_4_STOCHASTIC("draw4", 4.5),
    DEQUANTIZE_8("dequantize8", 5),
    DEQUANTIZE_4("dequantize4", 4.5),
    SUM_OF_TWO_8("sum8", 6),
    SUM_OF_TWO_4("sum4", 5),
    SUM_F32("sum_f32", 12),
    SUM_BF16("sum_bf16", 6);

    /** The name of the C function. */
    final String function;
    /** Bytes read and written for an element. */
    final double bytes;

    Loop(String function, double bytes) {
        this.function = function;
        this.bytes = bytes;
    }

    int bits() {
        return function.endsWith("4") ? 4 : 8;
    }
}
