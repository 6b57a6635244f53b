package io.dunlin.checkpoint.memory;

import static io.dunlin.checkpoint.memory.Lanes.W;
import static io.dunlin.checkpoint.memory.Lanes.load;
import static io.dunlin.checkpoint.memory.Lanes.product;
import static io.dunlin.checkpoint.memory.Lanes.store;
import static io.dunlin.checkpoint.memory.Lanes.sum;

import jdk.incubator.vector.ByteVector;

/** Sums of products with one coefficient for each input, of bytes {@code first} to {@code end}. */
final class ProductLoops {
    private ProductLoops() {}

    static void clear(long output, int first, int end) {
        for (int i = first; i < end; i += W) {
            store(Lanes.ZERO, output + i);
        }
    }

    static void add(long input, int coefficient, long output, int first, int end) {
        long table = ProductTables.address(coefficient);
        ByteVector low = load(table);
        ByteVector high = load(table + W);
        for (int i = first; i < end; i += W) {
            store(sum(load(output + i), product(load(input + i), low, high)), output + i);
        }
    }

    static void addTimesOne(long input, long output, int first, int end) {
        for (int i = first; i < end; i += W) {
            store(sum(load(output + i), load(input + i)), output + i);
        }
    }

    /** Of the inputs from {@code column} on. */
    static void addFour(long[] inputs, int[] coefficients, int column, long output, int first, int end) {
        long a = inputs[column];
        long b = inputs[column + 1];
        long c = inputs[column + 2];
        long d = inputs[column + 3];
        long tableA = ProductTables.address(coefficients[column]);
        long tableB = ProductTables.address(coefficients[column + 1]);
        long tableC = ProductTables.address(coefficients[column + 2]);
        long tableD = ProductTables.address(coefficients[column + 3]);
        ByteVector lowA = load(tableA);
        ByteVector highA = load(tableA + W);
        ByteVector lowB = load(tableB);
        ByteVector highB = load(tableB + W);
        ByteVector lowC = load(tableC);
        ByteVector highC = load(tableC + W);
        ByteVector lowD = load(tableD);
        ByteVector highD = load(tableD + W);
        for (int i = first; i < end; i += W) {
            ByteVector ofA = product(load(a + i), lowA, highA);
            ByteVector ofB = product(load(b + i), lowB, highB);
            ByteVector ofC = product(load(c + i), lowC, highC);
            ByteVector ofD = product(load(d + i), lowD, highD);
            store(sum(sum(load(output + i), ofA), sum(ofB, sum(ofC, ofD))), output + i);
        }
    }
}
