package io.dunlin.collectives.algorithm;

import io.dunlin.collectives.wire.FloatSum;
import io.dunlin.collectives.wire.RawMemory;

/** The nodes of a summation tree that each member holds, added sibling to sibling up to the root. */
final class TreeFold implements Fold {
    private final Scratch temporaries;
    private Call call = new Call();

    TreeFold(Scratch temporaries) {
        this.temporaries = temporaries;
    }

    @Override
    public void begin(Call call) {
        this.call = call;
    }

    @Override
    public int vectors(int member) {
        return call.plan().blockCount(member);
    }

    @Override
    public long ownVector(int index) {
        return call.sumAddress(index);
    }

    @Override
    public void fold(long[] inputs, long result, long bytes) {
        TreePlan plan = call.plan();
        if (plan.inputs() == 0) {
            RawMemory.clear(result, bytes);
            return;
        }
        long base = temporaries.atLeast(plan.temporaries() * bytes);
        int last = plan.additions() - 1;
        for (int i = 0; i < last; i++) {
            add(plan, i, inputs, base, base + (plan.addition(i)[0] - plan.inputs()) * bytes, bytes);
        }
        if (last >= 0) {
            add(plan, last, inputs, base, result, bytes);
        } else if (inputs[plan.root()] != result) {
            RawMemory.copy(inputs[plan.root()], result, bytes);
        }
    }

    private static void add(TreePlan plan, int index, long[] inputs, long base, long target, long bytes) {
        int[] addition = plan.addition(index);
        FloatSum.add(
                value(plan, addition[1], inputs, base, bytes),
                value(plan, addition[2], inputs, base, bytes),
                target,
                bytes / Float.BYTES);
    }

    private static long value(TreePlan plan, int slot, long[] inputs, long base, long bytes) {
        return slot < plan.inputs() ? inputs[slot] : base + (slot - plan.inputs()) * bytes;
    }
}
