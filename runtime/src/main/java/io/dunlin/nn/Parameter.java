package io.dunlin.nn;

import io.dunlin.tensor.Shape;
import io.dunlin.tensor.Tensor;
import io.dunlin.tensor.TensorSlice;

/**
 * A trained tensor: its master value in F32, the copy that kernels compute with, and its gradient.
 *
 * <p>The gradient is overwritten by the first contribution of a micro-batch and added to by later ones (tied weights,
 * or running accumulation): each contribution asks {@link #takeBeta()} for the factor of what is already there.
 */
public final class Parameter implements Trained {
    private final String name;
    private final Shape shape;
    private final long flatOffset;
    private Tensor value = Tensor.NONE;
    private Tensor compute = Tensor.NONE;
    private Tensor gradient = Tensor.NONE;
    private float nextBeta;

    /**
     * A parameter without memory; {@link #place} gives it some before the first use.
     *
     * @param name global name, unique in the model
     * @param flatOffset first element of this parameter in the flat buffers of the model
     */
    public Parameter(String name, Shape shape, long flatOffset) {
        this.name = name;
        this.shape = shape;
        this.flatOffset = flatOffset;
    }

    /**
     * Gives this parameter its memory.
     *
     * @param newValue F32, the master
     * @param newCompute what kernels read: {@code newValue} itself, or its BF16 copy
     */
    public void place(Tensor newValue, Tensor newCompute) {
        value = newValue;
        compute = newCompute;
    }

    /**
     * Directs the contributions that follow to {@code target}.
     *
     * @param target F32, of this parameter's shape
     * @param beta 0 if the first contribution overwrites what is there, 1 if it adds
     */
    public void beginGradient(Tensor target, float beta) {
        gradient = target;
        nextBeta = beta;
    }

    /** The factor of what the gradient holds already, for one contribution; later contributions of it add. */
    public float takeBeta() {
        float beta = nextBeta;
        nextBeta = 1f;
        return beta;
    }

    /** Global name, unique in the model. */
    public String name() {
        return name;
    }

    @Override
    public TensorSlice slice() {
        return TensorSlice.whole(name, shape);
    }

    /** The shape of value, compute copy and gradient. */
    public Shape shape() {
        return shape;
    }

    @Override
    public Tensor value() {
        return value;
    }

    /** What kernels read. */
    public Tensor compute() {
        return compute;
    }

    @Override
    public Tensor copy() {
        return compute == value ? Tensor.NONE : compute;
    }

    @Override
    public Tensor gradient() {
        return gradient;
    }

    /** First element of this parameter in the flat buffers of the model. */
    public long flatOffset() {
        return flatOffset;
    }

    @Override
    public boolean decays() {
        return shape().rank() >= 2;
    }

    @Override
    public String toString() {
        return name + shape();
    }
}
