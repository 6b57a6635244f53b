package io.dunlin.checkpoint.huggingface;

import io.dunlin.model.Model;
import io.dunlin.model.Pass;
import io.dunlin.model.PassKind;
import io.dunlin.model.Recompute;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.Shape;
import io.dunlin.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** One fixed batch whose logits tell whether two sets of weights are the same model. */
final class LogitsProbe {
    private static final int ROWS = 2;
    private static final int LONGEST = 64;
    private static final int STRIDE = 7_919;

    private final Model model;
    private final Pass pass;
    private final Tensor tokens; // I32 [B, T]

    LogitsProbe(Model model) {
        this.model = model;
        int time = Math.min(LONGEST, model.config().context());
        this.pass = model.plan(ROWS, time, Recompute.NONE, PassKind.GENERATE);
        MemorySegment memory = model.device().allocate("tokens", (long) ROWS * time * DType.I32.bytes());
        for (int i = 0; i < ROWS * time; i++) {
            memory.setAtIndex(ValueLayout.JAVA_INT, i, (int)
                    ((long) i * STRIDE % model.config().vocabulary()));
        }
        this.tokens = Tensor.of(DType.I32, Shape.of(ROWS, time), memory);
    }

    /** Of every position of the batch, by vocabulary entry. */
    float[] logits() {
        Tensor logits = pass.logits(tokens);
        model.stream().synchronize();
        float[] copy = new float[Math.toIntExact(logits.elements())];
        for (int row = 0; row < logits.rows(); row++) {
            MemorySegment.copy(
                    logits.segment(),
                    ValueLayout.JAVA_FLOAT,
                    row * logits.rowStride() * DType.F32.bytes(),
                    copy,
                    Math.toIntExact(row * logits.columns()),
                    (int) logits.columns());
        }
        return copy;
    }
}
