package io.dunlin.device.cuda;

import org.junit.jupiter.api.extension.ConditionEvaluationResult;

/** A process that asks what becomes of tests of CUDA in its environment; fails where they would. */
final class NeedsCudaProbe {
    private NeedsCudaProbe() {}

    public static void main(String[] arguments) {
        ConditionEvaluationResult result = NeedsCuda.Condition.evaluate();
        System.out.println(
                (result.isDisabled() ? "skip: " : "run: ") + result.getReason().orElse(""));
    }
}
