package io.dunlin.nn;

import io.dunlin.tensor.Shape;
import io.dunlin.tensor.Tensor;

/**
 * A trained tensor: its master value in F32, the copy that kernels compute with, and its gradient.
 *
 * <p>The gradient is overwritten by the first contribution of a micro-batch and added to by later ones (tied weights,
 * or running accumulation): each contribution asks {@link #takeBeta()} for the factor of what is already there.
 */
public final class Parameter {
    private final String name;
    private final Tensor value;
    private final Tensor compute;
    private final long flatOffset;
    private Tensor gradient = Tensor.NONE;
    private float nextBeta;

    /**
     * Binds a parameter to its memory.
     *
     * @param name global name, unique in the model
     * @param value F32, the master
     * @param compute what kernels read: {@code value} itself, or its BF16 copy
     * @param flatOffset first element of this parameter in the flat buffers of the model
     */
    public Parameter(String name, Tensor value, Tensor compute, long flatOffset) {
        this.name = name;
        this.value = value;
        this.compute = compute;
        this.flatOffset = flatOffset;
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

    /** The shape of value, compute copy and gradient. */
    public Shape shape() {
        return value.shape();
    }

    /** The master value, F32. */
    public Tensor value() {
        return value;
    }

    /** What kernels read. */
    public Tensor compute() {
        return compute;
    }

    /** Whether kernels read a BF16 copy that must follow the master. */
    public boolean hasComputeCopy() {
        return compute != value;
    }

    /** The gradient of the current micro-batch or step, F32. */
    public Tensor gradient() {
        return gradient;
    }

    /** First element of this parameter in the flat buffers of the model. */
    public long flatOffset() {
        return flatOffset;
    }

    /** Whether weight decay applies: only to tensors of two or more dimensions. */
    public boolean decays() {
        return shape().rank() >= 2;
    }

    @Override
    public String toString() {
        return name + shape();
    }
}
