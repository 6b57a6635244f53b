package io.dunlin.model;

import io.dunlin.data.MicroBatch;
import io.dunlin.device.Event;
import io.dunlin.device.Stream;
import io.dunlin.nn.ActivationPlan;
import io.dunlin.nn.Block;
import io.dunlin.nn.Embedding;
import io.dunlin.nn.Head;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.Shape;
import io.dunlin.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Embedding, blocks, head, and back.
 *
 * <p>Legend: B sequences, T positions, R = B*T rows, C width, V vocabulary, L layers.
 */
final class ModelPass implements Pass {
    private final int batch;
    private final int time;
    private final int vocabulary;
    private final boolean trains;
    private final long bytes;
    private final long flatElements;

    private final Embedding.Planned embedding;
    private final Block.Planned[] blocks; // [L]
    private final long[] blockOffsets; // [L], in the flat buffers
    private final Head.Planned head;
    private final long headOffset;

    private final Stream compute;
    private final MemorySegment givenTokens; // I32 [R], on the host
    private final MemorySegment givenTargets; // I32 [R], on the host
    private Event loaded; // what was given is on the device
    private final Tensor tokens; // I32 [R]
    private final Tensor[] residual; // [L + 1] of [R, C]: the input of each block, and what the last gives
    private final Tensor dResidual; // [R, C]

    ModelPass(Network network, ModelConfig config, ActivationPlan plan, PassKind kind, long flatElements) {
        this.batch = plan.batch();
        this.time = plan.time();
        this.vocabulary = config.vocabulary();
        this.trains = plan.trains();
        this.flatElements = flatElements;
        compute = plan.stream();
        long givenBytes = plan.rows() * (long) Integer.BYTES;
        givenTokens = plan.hostMemory("tokens", givenBytes);
        givenTargets = plan.hostMemory("targets", givenBytes);
        loaded = compute.record();
        int layers = network.blocks().size();
        tokens = plan.own(DType.I32, 1, plan.rows()).reshape(Shape.of(plan.rows()));
        embedding = network.embedding().plan(plan);
        residual = new Tensor[layers + 1];
        blocks = new Block.Planned[layers];
        blockOffsets = new long[layers];
        for (int i = 0; i < layers; i++) {
            residual[i] = plan.blockInput(config.width());
            blocks[i] = network.blocks().get(i).plan(plan);
            blockOffsets[i] = network.blocks().get(i).flatOffset();
        }
        residual[layers] = plan.blockInput(config.width());
        dResidual = plan.gradient("stream", config.width());
        head = kind == PassKind.GENERATE
                ? network.head().planLogits(plan)
                : network.head().plan(plan);
        headOffset = network.head().flatOffset();
        bytes = plan.bytes();
    }

    @Override
    public double forwardBackward(MicroBatch microBatch, float gradientScale, GradientReady ready) {
        if (!trains) {
            throw new IllegalStateException("this pass was planned without backward");
        }
        load(microBatch);
        Tensor x = forward();
        head.backward(x, gradientScale, dResidual);
        ready.ready(headOffset, flatElements - headOffset);
        long end = headOffset;
        for (int i = blocks.length - 1; i >= 0; i--) {
            blocks[i].backward(residual[i], dResidual);
            ready.ready(blockOffsets[i], end - blockOffsets[i]);
            end = blockOffsets[i];
        }
        embedding.backward(tokens, dResidual);
        ready.ready(0, end);
        return head.lossSum(); // last: until here nobody waits, so that work is submitted ahead of a GPU
    }

    @Override
    public double loss(MicroBatch microBatch) {
        load(microBatch);
        return head.loss(forward());
    }

    @Override
    public Tensor logits(Tensor given) {
        load(given);
        return head.logits(forward());
    }

    @Override
    public Tensor logits(Tensor given, int row) {
        load(given);
        return head.logits(forward(), row);
    }

    private Tensor forward() {
        embedding.forward(tokens, residual[0]);
        for (int i = 0; i < blocks.length; i++) {
            blocks[i].forward(residual[i], residual[i + 1]);
        }
        return residual[blocks.length];
    }

    private void load(MicroBatch microBatch) {
        load(microBatch.tokens(), givenTokens, tokens, 0);
        load(microBatch.targets(), givenTargets, head.targets(), -1);
        loaded = compute.record();
    }

    private void load(Tensor given) {
        load(given, givenTokens, tokens, 0);
        loaded = compute.record();
    }

    /** Copies I32 [B, T] to the device, checking what would otherwise read outside of the weights. */
    private void load(Tensor from, MemorySegment pinned, Tensor to, int least) {
        if (from.dtype() != DType.I32 || from.elements() != to.elements() || !from.dense()) {
            throw new IllegalArgumentException(
                    "a pass planned for I32[%dx%d] was given %s".formatted(batch, time, from));
        }
        loaded.synchronize(); // what was given before may be on its way still
        MemorySegment source = from.segment();
        for (long i = 0; i < to.elements(); i++) {
            int token = source.getAtIndex(ValueLayout.JAVA_INT, i);
            if (token < least || token >= vocabulary) {
                throw ModelException.token(token, vocabulary);
            }
            pinned.setAtIndex(ValueLayout.JAVA_INT, i, token);
        }
        compute.upload(pinned, to.segment());
    }

    @Override
    public int batch() {
        return batch;
    }

    @Override
    public int time() {
        return time;
    }

    @Override
    public long activationBytes() {
        return bytes;
    }
}
