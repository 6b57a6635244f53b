package io.dunlin.device.cuda;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * For tests that use CUDA: they run on the stand-in, or on a GPU with {@code -Pgpu}. Without g++ they are skipped with
 * what to install; where {@code CI=true} says that nothing may be missing, they fail.
 *
 * <p>A class that has this may open a {@link CudaDevice} and use all kernels of training. Classes of other modules get it
 * from the test-jar of this one, and processes that they start get a {@link StandInEnvironment}.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(NeedsCuda.Condition.class)
public @interface NeedsCuda {
    /** Loads the stand-in before the class of the test, and with it any class of JCuda, is initialised. */
    final class Condition implements ExecutionCondition {
        @Override
        public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
            return evaluate();
        }

        static ConditionEvaluationResult evaluate() {
            return evaluate(CudaStandIn.readiness(), "true".equals(System.getenv("CI")));
        }

        static ConditionEvaluationResult evaluate(CudaStandIn.Readiness readiness, boolean continuousIntegration) {
            if (readiness.ready()) {
                return ConditionEvaluationResult.enabled(readiness.reason());
            }
            if (continuousIntegration) {
                throw new IllegalStateException("CI must run the tests of CUDA: " + readiness.reason());
            }
            return ConditionEvaluationResult.disabled("tests of CUDA are skipped: " + readiness.reason());
        }
    }
}
