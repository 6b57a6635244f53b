package io.dunlin.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.device.Device;
import io.dunlin.device.LateDevice;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.Shape;
import io.dunlin.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

/** Tokens are the pass's own when a call returns, though the device works on them later. */
class GivenTokensTest {
    @Test
    void shouldKeepTheTokensOfAPassThatIsUnderWay() {
        try (Device device = new LateDevice()) {
            Model model = Model.create(ModelConfig.gpt(1, 16, 2, 31, 8), device, Precision.F32);
            model.initialise(3);
            Pass pass = model.plan(1, 8, Recompute.NONE, PassKind.GENERATE);
            float[] expected = read(model, pass.logits(tokens(5)));
            Tensor kept = Tensor.of(DType.F32, Shape.of(8, 31), device.allocate("kept", 8 * 31 * Float.BYTES));

            model.stream().kernels().copy(pass.logits(tokens(5)), kept);
            pass.logits(tokens(9)); // while the one before has not begun

            assertThat(read(model, kept)).containsExactly(expected);
        }
    }

    private static Tensor tokens(int token) {
        Tensor tokens = Tensor.of(DType.I32, Shape.of(1, 8), Arena.ofAuto().allocate(8 * Integer.BYTES, 4));
        for (int i = 0; i < 8; i++) {
            tokens.segment().setAtIndex(ValueLayout.JAVA_INT, i, token);
        }
        return tokens;
    }

    private static float[] read(Model model, Tensor logits) {
        float[] values = new float[(int) logits.elements()];
        model.host().read(logits.segment(), MemorySegment.ofArray(values));
        return values;
    }
}
