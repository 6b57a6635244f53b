package io.dunlin.collectives.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.dunlin.tensor.Philox;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

class ErrorFeedbackTest {
    private static final int ELEMENTS = 1000;

    private final Arena arena = Arena.ofAuto();

    private BlockQuantizer quantizer() {
        return new BlockQuantizer(QuantizerSettings.INT4, Philox.keyed(1, "quantise", "feedback"), arena);
    }

    @Test
    void shouldCarryWhatItLost() {
        float beta = 0.75f;
        ErrorFeedback feedback = new ErrorFeedback(quantizer(), beta, ELEMENTS, arena);
        double[] carried = new double[ELEMENTS];
        for (int step = 0; step < 5; step++) {
            MemorySegment x = Floats.gaussian(step, ELEMENTS);
            MemorySegment corrected = Floats.room(4L * ELEMENTS);
            for (int i = 0; i < ELEMENTS; i++) {
                Floats.put(corrected, i, Floats.get(x, i) + Floats.get(feedback.state(), i));
            }
            MemorySegment sent = Floats.sent(feedback, x);
            assertThat(sent.mismatch(Floats.sent(quantizer(), corrected))).isEqualTo(-1);
            for (int i = 0; i < ELEMENTS; i++) {
                carried[i] = beta * carried[i] + (1 - beta) * (Floats.get(corrected, i) - Floats.get(sent, i));
                assertThat(Floats.get(feedback.state(), i)).isCloseTo((float) carried[i], within(1e-6f));
            }
        }
    }

    /** Without feedback, what lies below half a scale would never arrive. */
    @Test
    void shouldLetSmallValuesArriveInTheLongRun() {
        MemorySegment x = Floats.room(4L * 256);
        for (int i = 0; i < 256; i++) {
            Floats.put(x, i, i == 0 ? 7f : 0.1f);
        }
        ErrorFeedback feedback = new ErrorFeedback(quantizer(), 0, 256, arena);
        double[] sums = new double[256];
        int steps = 100;
        for (int step = 0; step < steps; step++) {
            MemorySegment sent = Floats.sent(feedback, x);
            for (int i = 0; i < 256; i++) {
                sums[i] += Floats.get(sent, i);
            }
        }
        for (int i = 1; i < 256; i++) {
            assertThat(sums[i]).isCloseTo(0.1 * steps, within(1.0));
        }
        assertThat(Floats.get(Floats.sent(quantizer(), x), 1)).isZero();
    }

    @Test
    void shouldContinueFromASavedState() {
        ErrorFeedback first = new ErrorFeedback(quantizer(), ErrorFeedback.BETA, ELEMENTS, arena);
        Floats.encoded(first, Floats.gaussian(1, ELEMENTS));
        ErrorFeedback second = new ErrorFeedback(quantizer(), ErrorFeedback.BETA, ELEMENTS, arena);
        second.state().copyFrom(first.state());
        MemorySegment next = Floats.gaussian(2, ELEMENTS);
        assertThat(Floats.encoded(second, next).mismatch(Floats.encoded(first, next)))
                .isEqualTo(-1);
        first.reset();
        assertThat(Floats.encoded(first, next).mismatch(Floats.encoded(quantizer(), next)))
                .isEqualTo(-1);
    }

    @Test
    void shouldForgetInABlockThatIsNotFinite() {
        ErrorFeedback feedback = new ErrorFeedback(quantizer(), ErrorFeedback.BETA, ELEMENTS, arena);
        MemorySegment x = Floats.gaussian(1, ELEMENTS);
        Floats.encoded(feedback, x);
        Floats.put(x, 300, Float.POSITIVE_INFINITY);
        assertThat(Floats.get(Floats.sent(feedback, x), 256)).isNaN();
        for (int i = 0; i < ELEMENTS; i++) {
            assertThat(Floats.get(feedback.state(), i)).isFinite();
            if (i >= 256 && i < 512) {
                assertThat(Floats.get(feedback.state(), i)).isZero();
            }
        }
    }

    @Test
    void shouldRefuseWhatItHasNoStateFor() {
        ErrorFeedback feedback = new ErrorFeedback(quantizer(), 0.5f, 10, arena);
        assertThatThrownBy(() -> Floats.encoded(feedback, Floats.gaussian(1, 11)))
                .hasMessageContaining("of a tensor of 10");
        assertThatThrownBy(() -> new ErrorFeedback(quantizer(), 1, 10, arena)).hasMessageContaining("beta");
    }
}
