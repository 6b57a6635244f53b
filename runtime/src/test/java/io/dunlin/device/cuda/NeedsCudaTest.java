package io.dunlin.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;

class NeedsCudaTest {
    private static final CudaStandIn.Readiness MISSING = new CudaStandIn.Readiness(false, "needs g++");

    @Test
    void shouldSkipWithAHintWhereTheCompilerIsMissing() {
        ConditionEvaluationResult result = NeedsCuda.Condition.evaluate(MISSING, false);
        assertThat(result.isDisabled()).isTrue();
        assertThat(result.getReason().orElseThrow()).contains("skipped", "needs g++");
    }

    @Test
    void shouldFailInContinuousIntegration() {
        assertThatThrownBy(() -> NeedsCuda.Condition.evaluate(MISSING, true))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("CI must run");
    }

    @Test
    void shouldRunWhereAllIsThere() {
        assertThat(NeedsCuda.Condition.evaluate(new CudaStandIn.Readiness(true, "there"), true)
                        .isDisabled())
                .isFalse();
    }
}
