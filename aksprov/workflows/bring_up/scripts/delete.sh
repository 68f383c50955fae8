# delete.sh: a node whose host does not answer is deleted; its pods are made anew elsewhere.  Needs node, and what identity.sh
# makes.
ask --request-timeout 60s delete node "$node" --ignore-not-found
