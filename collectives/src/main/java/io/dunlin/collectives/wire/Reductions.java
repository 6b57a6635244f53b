package io.dunlin.collectives.wire;

import io.dunlin.collectives.ReduceOp;
import io.dunlin.tensor.DType;
import java.util.HashMap;
import java.util.Map;

/** The reductions that one communication thread has used so far, so that asking again allocates nothing. */
public final class Reductions {
    private final Map<DType, Map<ReduceOp, Reduction>> known = new HashMap<>();

    /** Makes an empty set. */
    public Reductions() {}

    /** See {@link Reduction#of}. */
    public Reduction of(DType dtype, ReduceOp op) {
        Map<ReduceOp, Reduction> ofType = known.get(dtype);
        if (ofType == null) {
            ofType = new HashMap<>();
            known.put(dtype, ofType);
        }
        Reduction reduction = ofType.get(op);
        if (reduction == null) {
            reduction = Reduction.of(dtype, op);
            ofType.put(op, reduction);
        }
        return reduction;
    }
}
