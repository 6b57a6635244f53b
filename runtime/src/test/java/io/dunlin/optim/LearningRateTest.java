package io.dunlin.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class LearningRateTest {
    @Test
    void shouldStayConstantWithoutWarmUp() {
        LearningRate rate = new LearningRate.Constant(3e-4, 0);

        assertThat(rate.at(0)).isEqualTo(3e-4);
        assertThat(rate.at(1_000_000)).isEqualTo(3e-4);
    }

    @Test
    void shouldClimbInEqualStepsAndReachThePeakWithTheLastOfThem() {
        LearningRate rate = new LearningRate.Cosine(1.0, 4, 100, 0.1);

        assertThat(rate.at(0)).isEqualTo(0.25);
        assertThat(rate.at(1)).isEqualTo(0.5);
        assertThat(rate.at(3)).isEqualTo(1.0);
        assertThat(rate.at(4)).isEqualTo(1.0);
    }

    @Test
    void shouldFallByACosineToTheFinalFractionAndStayThere() {
        LearningRate rate = new LearningRate.Cosine(2.0, 10, 110, 0.1);

        assertThat(rate.at(60)).isCloseTo(2.0 * 0.55, within(1e-12));
        assertThat(rate.at(110)).isCloseTo(0.2, within(1e-12));
        assertThat(rate.at(100_000)).isCloseTo(0.2, within(1e-12));
    }

    @Test
    void shouldNotDivideByZeroWhenThereIsOnlyWarmUp() {
        LearningRate rate = new LearningRate.Cosine(1.0, 5, 5, 0.5);

        assertThat(rate.at(4)).isEqualTo(1.0);
        assertThat(rate.at(5)).isEqualTo(0.5);
    }

    @Test
    void shouldRefuseAFractionAboveOne() {
        assertThatThrownBy(() -> new LearningRate.Cosine(1.0, 0, 10, 1.5)).hasMessageContaining("final fraction 1.5");
    }
}
