import { View } from "react-native";
const token = jwt.sign({ user_id }, secret); // expect
