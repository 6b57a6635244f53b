package io.dunlin.checkpoint.memory;

import static io.dunlin.checkpoint.memory.Lanes.W;
import static io.dunlin.checkpoint.memory.Lanes.doubled;
import static io.dunlin.checkpoint.memory.Lanes.load;
import static io.dunlin.checkpoint.memory.Lanes.store;
import static io.dunlin.checkpoint.memory.Lanes.sum;

import jdk.incubator.vector.ByteVector;

/** Sums with powers of 2 and of 4 by Horner's rule: the sum of the later inputs is doubled before an earlier one is added. */
final class PowerSumLoops {
    private PowerSumLoops() {}

    static void p(long[] inputs, long p, int first, int end) {
        for (int i = first; i < end; i += W) {
            ByteVector plain = load(inputs[0] + i);
            for (int input = 1; input < inputs.length; input++) {
                plain = sum(plain, load(inputs[input] + i));
            }
            store(plain, p + i);
        }
    }

    static void pq(long[] inputs, long p, long q, int first, int end) {
        for (int i = first; i < end; i += W) {
            ByteVector plain = load(inputs[inputs.length - 1] + i);
            ByteVector ofPowers = plain;
            for (int input = inputs.length - 2; input >= 0; input--) {
                ByteVector next = load(inputs[input] + i);
                plain = sum(plain, next);
                ofPowers = sum(doubled(ofPowers), next);
            }
            store(plain, p + i);
            store(ofPowers, q + i);
        }
    }

    static void pqr(long[] inputs, long p, long q, long r, int first, int end) {
        for (int i = first; i < end; i += W) {
            ByteVector plain = load(inputs[inputs.length - 1] + i);
            ByteVector ofPowers = plain;
            ByteVector ofSquares = plain;
            for (int input = inputs.length - 2; input >= 0; input--) {
                ByteVector next = load(inputs[input] + i);
                plain = sum(plain, next);
                ofPowers = sum(doubled(ofPowers), next);
                ofSquares = sum(doubled(doubled(ofSquares)), next);
            }
            store(plain, p + i);
            store(ofPowers, q + i);
            store(ofSquares, r + i);
        }
    }
}
